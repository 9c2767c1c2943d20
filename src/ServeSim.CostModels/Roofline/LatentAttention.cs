using ServeSim.Abstractions;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Multi-head latent attention. Short work multiplies the up-projections into the queries (absorbed) and attends to the
/// latents; long chunks expand keys and values first. The latent cache is whole on every tensor-parallel rank.
/// </summary>
internal sealed class LatentAttention : DecodeAttention
{
    private const int ExpandFromTokens = 128;

    private readonly IKernelClock _clock;
    private readonly IAttentionClock? _fitted;
    private readonly double _absorbedFlopsPerPair;
    private readonly double _expandedFlopsPerPair;
    private readonly double _bytesPerKey;
    private readonly double _bytesPerQuery;
    private readonly RowOperator _upProjection;
    private readonly RowTable _projections;

    public LatentAttention(ModelSpec model, int tensor, IKernelClock clock, KvFormat cache)
    {
        var latent = model.LatentAttention ?? throw new ArgumentException("the model has no latent attention", nameof(model));
        double heads = model.QueryHeads / tensor;
        _clock = clock;
        _fitted = clock as IAttentionClock;
        _absorbedFlopsPerPair = 2 * heads * ((2 * latent.KvRank) + latent.RopeHeadSize);
        _expandedFlopsPerPair = 2 * heads * (latent.NopeHeadSize + latent.RopeHeadSize + latent.ValueHeadSize);
        _bytesPerKey = latent.CachedElements * cache.BytesPerElement(latent.CachedElements);
        _bytesPerQuery = heads * (latent.NopeHeadSize + latent.RopeHeadSize + latent.ValueHeadSize) * ModelSizes.BytesPerValue;

        // Keys' and values' up-projection: applied to queries and outputs when absorbed, to latents when expanded.
        // Both are the same product per row; its weights are read once per kernel that uses them.
        _upProjection = RowOperator.Gemm("latent up", heads * (latent.NopeHeadSize + latent.ValueHeadSize), latent.KvRank, WeightClass.Attention);
        _projections = new([_upProjection], clock);
    }

    public override double Microseconds(in BatchShape shape, int layers, CostLedger? ledger)
    {
        // A decode reads all keys, whoever it is: their sum suffices. Chunks differ by their length.
        double keys = shape.DecodeContextTokens + shape.DecodeSequences;
        var work = new Work { AbsorbedTokens = shape.DecodeSequences, AbsorbedPairs = keys, AbsorbedKeys = keys };
        if (shape.PrefillSequences > 0)
        {
            foreach (ref readonly var span in shape.Sequences)
                if (!span.IsDecode) work.Add(span);
        }

        return _fitted is null ? OneKernel(shape.Tokens, work, layers, ledger) : TwoKernels(work, layers, ledger, _fitted);
    }

    public override double DecodeMicroseconds(int sequences, double keys, double longest)
    {
        var work = new Work { AbsorbedTokens = sequences, AbsorbedPairs = keys, AbsorbedKeys = keys };
        return _fitted is null ? OneKernel(sequences, work, 0, null) : TwoKernels(work, 0, null, _fitted);
    }

    /// <summary>The kernels of a decode iteration: a start, and so much per key; compute and memory both grow with the keys alone.</summary>
    public override DecodeSlopes Slopes(int sequences)
    {
        const double Many = 1e6;
        var fitted = _fitted ?? throw new InvalidOperationException("the ideal clock has no kernel starts");
        var start = fitted.Decode(0, 0).Microseconds;
        var perKey = (fitted.Decode(Many * _absorbedFlopsPerPair, Many * _bytesPerKey).Microseconds - start) / Many;
        return new(sequences == 0 ? 0 : start + Project("latent absorption", sequences, 0, null), perKey, 0, 0, double.PositiveInfinity);
    }

    private double OneKernel(int tokens, in Work work, int layers, CostLedger? ledger)
    {
        double projected = work.AbsorbedTokens + work.ExpandedKeys;
        var flops = (_absorbedFlopsPerPair * work.AbsorbedPairs) + (_expandedFlopsPerPair * work.ExpandedPairs)
            + (_upProjection.FlopsPerRow * projected);
        var bytes = (_bytesPerKey * (work.AbsorbedKeys + work.ExpandedKeys)) + (_bytesPerQuery * tokens) + _upProjection.FixedBytes;
        var time = _clock.Time(KernelKind.Gemm, flops, bytes);
        ledger?.Add("attention", layers, flops, bytes, time);
        return time.Microseconds;
    }

    private double TwoKernels(in Work work, int layers, CostLedger? ledger, IAttentionClock fitted)
    {
        double microseconds = 0;
        if (work.ExpandedKeys > 0)
        {
            microseconds += Project("latent expansion", work.ExpandedKeys, layers, ledger);
            var flops = _expandedFlopsPerPair * work.ExpandedPairs;
            var time = fitted.Prefill(flops, _expandedFlopsPerPair * work.ExpandedPairsPerKey);
            microseconds += time.Microseconds;
            ledger?.Add("prefill attention", layers, flops, _bytesPerKey * work.ExpandedKeys, time);
        }

        if (work.AbsorbedTokens > 0)
        {
            microseconds += Project("latent absorption", work.AbsorbedTokens, layers, ledger);
            var (flops, bytes) = (_absorbedFlopsPerPair * work.AbsorbedPairs, _bytesPerKey * work.AbsorbedKeys);
            var time = fitted.Decode(flops, bytes);
            microseconds += time.Microseconds;
            ledger?.Add("decode attention", layers, flops, bytes, time);
        }

        return microseconds;
    }

    private double Project(string name, double rows, int layers, CostLedger? ledger)
    {
        // A remembered time: a GEMM has no place in the loop.
        var whole = (int)Math.Min(rows, int.MaxValue);
        if (ledger is not null) ledger.Add(name, layers, _upProjection.Flops(whole), _upProjection.Bytes(whole), _clock.Time(_upProjection, whole));
        return _projections.Microseconds(whole);
    }

    private struct Work
    {
        public double AbsorbedTokens, AbsorbedPairs, AbsorbedKeys, ExpandedPairs, ExpandedKeys, ExpandedPairsPerKey;

        public void Add(in SequenceSpan span)
        {
            double pairs = CausalPairs.Count(span.Tokens, span.CachedTokens, null);
            double keys = CausalPairs.KeysRead(span.Tokens, span.CachedTokens, null);
            if (span.Tokens >= ExpandFromTokens)
            {
                ExpandedPairs += pairs;
                ExpandedKeys += keys;
                ExpandedPairsPerKey += pairs / keys;
            }
            else
            {
                AbsorbedTokens += span.Tokens;
                AbsorbedPairs += pairs;
                AbsorbedKeys += keys;
            }
        }
    }
}
