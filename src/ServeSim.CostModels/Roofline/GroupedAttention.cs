using ServeSim.Abstractions;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>Multi-head and grouped-query attention, with a window if the layer has one.</summary>
internal sealed class GroupedAttention(ModelSpec model, int tensor, AttentionWindow? window, IKernelClock clock) : AttentionKernel
{
    private const int Bytes = ModelSizes.BytesPerValue;

    private readonly FittedClock? _fitted = clock as FittedClock;
    private readonly string _suffix = window is null ? "" : " (window)";
    private readonly double _flopsPerPair = 4.0 * (model.QueryHeads / tensor) * model.HeadSize;
    private readonly double _bytesPerKey = 2.0 * Math.Max(1, model.KvHeads / tensor) * model.HeadSize * Bytes;
    private readonly double _bytesPerQuery = 2.0 * (model.QueryHeads / tensor) * model.HeadSize * Bytes;

    public override double Microseconds(in BatchShape shape, int layers, CostLedger? ledger)
    {
        // Without a window the sums suffice; the members are more exact and used when someone lists them.
        var work = window is null && shape.Sequences.IsEmpty
            ? AttentionWork.FromSums(shape, tiles: false)
            : AttentionWork.FromSequences(shape.Sequences, window);
        return _fitted is null ? OneKernel(shape, work, layers, ledger) : TwoKernels(shape, work, layers, ledger, _fitted);
    }

    public override double DecodeMicroseconds(int sequences, double keys, double longest) => _fitted is { } fitted
        ? fitted.DecodeMicroseconds(_bytesPerKey * keys)
        : clock.Time(KernelKind.Gemm, _flopsPerPair * keys, (_bytesPerKey * keys) + (_bytesPerQuery * sequences)).Microseconds;

    /// <summary>F0: the whole batch as one kernel.</summary>
    private double OneKernel(in BatchShape shape, in AttentionWork work, int layers, CostLedger? ledger)
    {
        var flops = _flopsPerPair * (work.PrefillPairs + work.DecodePairs);
        var bytes = (_bytesPerKey * (work.PrefillKeys + work.DecodeKeys)) + (_bytesPerQuery * shape.Tokens);
        var time = clock.Time(KernelKind.Gemm, flops, bytes);
        ledger?.Add("attention" + _suffix, layers, flops, bytes, time);
        return time.Microseconds;
    }

    /// <summary>F2: one kernel for the chunks, one for the decodes.</summary>
    private double TwoKernels(in BatchShape shape, in AttentionWork work, int layers, CostLedger? ledger, FittedClock fitted)
    {
        double microseconds = 0;
        if (shape.PrefillTokens > 0)
        {
            var flops = _flopsPerPair * work.PrefillPairs;
            var time = fitted.Prefill(flops, _flopsPerPair * work.PrefillPairsPerKey);
            microseconds = time.Microseconds;
            ledger?.Add("prefill attention" + _suffix, layers, flops,
                (_bytesPerKey * work.PrefillKeys) + (_bytesPerQuery * shape.PrefillTokens), time);
        }

        if (shape.DecodeSequences > 0)
        {
            var bytes = _bytesPerKey * work.DecodeKeys;
            var time = fitted.Decode(0, bytes);
            microseconds += time.Microseconds;
            ledger?.Add("decode attention" + _suffix, layers, _flopsPerPair * work.DecodePairs, bytes, time);
        }

        return microseconds;
    }
}
