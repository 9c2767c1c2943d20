using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Roofline;

/// <summary>Times of kernels by the calibrated laws, with constants of the device, of a sibling, or of any other device.</summary>
internal sealed class CalibratedClock : IAttentionClock
{
    private const double CustomLimitBytes = 8 * 1024 * 1024;    // larger messages go through NCCL

    private readonly CalibratedLaws _laws;
    private readonly AcceleratorSpec _gpu;
    private readonly ParallelLayout _layout;
    private readonly PrecisionProfile _precision;
    private readonly bool _skewed;
    private readonly bool _counts;
    private readonly DeviceRates _rates;
    private readonly DeviceRates _gemmRates;
    private readonly GemmLaw _gemm;
    private readonly GemmLaw _quantised;
    private readonly ExpertLaw _experts;
    private readonly CollectiveLaw? _custom;
    private readonly CollectiveLaw? _nccl;
    private readonly CollectiveLaw _gather;
    private readonly CollectiveLaw _exchange;
    private readonly double _stageBytesPerMicrosecond;
    private readonly double _stageLatencyMicroseconds;
    private readonly double _dense;

    public CalibratedClock(AcceleratorSpec gpu, ParallelLayout layout, CostOptions options)
    {
        _laws = new(options.Coefficients ?? CoefficientSet.Shipped, options.Stack, gpu);
        (_gpu, _layout, _precision, _skewed, _counts) = (gpu, layout, options.Precision, options.SkewedRouting, options.Collectives);
        Scale = _laws.Stack == CalibratedLaws.DefaultStack ? options.Scale ?? _laws.Set.ScaleOf(gpu.Name) : null;
        (_dense, AttentionFactor) = (Scale?.Dense ?? 1, Scale?.Attention ?? 1);
        _rates = _laws.Rates;
        _gemmRates = _rates.At(_precision.TeraflopsOn(gpu));
        _gemm = _laws.Gemm(NumberFormat.Bf16);
        _quantised = _laws.Gemm(_precision.FormatOn(gpu));
        _experts = _laws.Experts(_precision.FormatOn(gpu));
        if (_precision.BytesOf(WeightClass.Experts) < 1) _experts = _experts.OfPaddedWeights();
        Decoding = _laws.Decode();
        Prefilling = _laws.Prefill();
        Mixing = _laws.Mixed();
        if (layout.Tensor > 1)
        {
            _custom = _laws.Collective("all_reduce", "vllm-custom/graph", layout.Tensor);
            _nccl = _laws.Collective("all_reduce", "nccl", layout.Tensor);
        }

        HasMeasuredCollectives = layout.Tensor == 1 || _custom is not null || _nccl is not null;
        _gather = _laws.Collective("all_gather", "nccl", layout.Tensor) ?? _laws.LinkLaw(layout.Tensor);
        _exchange = _laws.Collective("alltoall", "nccl", layout.ExpertRanks) ?? _laws.LinkLaw(layout.ExpertRanks);
        var network = LinkCatalog.Get(options.NetworkLink);
        _stageBytesPerMicrosecond = StageLink.BytesPerSecond(gpu, layout, network) / 1e6;
        _stageLatencyMicroseconds = StageLink.LatencyMicroseconds(gpu, layout, network);
    }

    public OperatorFlavour Flavour => _laws.Stack == "sarathi" ? OperatorFlavour.Unfused : OperatorFlavour.Fused;

    public CalibratedLaws Laws => _laws;

    /// <summary>Factors from measured iterations, or null.</summary>
    public IterationScale? Scale { get; }

    /// <summary>What attention kernels take times their law.</summary>
    public double AttentionFactor { get; }

    public bool HasMeasuredCollectives { get; }

    public DecodeLaw Decoding { get; }

    public PrefillLaw Prefilling { get; }

    /// <summary>Null where prefill and decodes run in kernels of their own.</summary>
    public MixedLaw? Mixing { get; }

    public ref readonly DeviceRates Rates => ref _rates;

    public KernelTime Time(RowOperator op, int rows) => Time(op, rows, isTiled: true);

    /// <summary>The time that residuals refer to.</summary>
    public KernelTime TimeWithoutTiles(RowOperator op, int rows) => Time(op, rows, isTiled: false);

    private KernelTime Time(RowOperator op, int rows, bool isTiled)
    {
        var time = Unscaled(op, rows, isTiled);
        return time with { Microseconds = _dense * time.Microseconds };
    }

    private KernelTime Unscaled(RowOperator op, int rows, bool isTiled)
    {
        if (op.Kind == KernelKind.Experts) return ExpertTime(op, rows);
        if (op.Kind == KernelKind.Gemm) return Gemm(rows, op.Columns, op.Inner, op.Weights, isTiled);
        return op.Kind == KernelKind.Sampler
            ? new(_laws.SamplerMicroseconds(rows), BoundBy.Overhead)
            : Time(op.Kind, op.Flops(rows), op.Bytes(rows));
    }

    public KernelTime Time(KernelKind kind, double flops, double bytes)
    {
        switch (kind)
        {
            case KernelKind.AllReduce or KernelKind.AllGather when !_counts: return new(0, BoundBy.Link);
            case KernelKind.AllReduce: return new(AllReduce(bytes), BoundBy.Link);
            case KernelKind.AllGather: return new(_gather.Microseconds(bytes), BoundBy.Link);
            case KernelKind.AllToAll: return new(_exchange.Microseconds(bytes), BoundBy.Link);
            case KernelKind.StageTransfer: return new(_stageLatencyMicroseconds + (bytes / _stageBytesPerMicrosecond), BoundBy.Link);
            case KernelKind.Gemm: throw new InvalidOperationException("a calibrated GEMM needs its shape");
            default:
                var law = _laws.ElementWise(kind);
                var time = law.Microseconds(bytes, _rates);
                return new(time, time > 2 * law.StartMicroseconds ? BoundBy.Memory : BoundBy.Overhead);
        }
    }

    /// <summary>A GEMM of so many rows, outputs and inputs.</summary>
    public KernelTime Gemm(double m, double n, double k, WeightClass weights, bool isTiled = true)
    {
        if (m == 0) return default;
        var plain = _precision.BytesOf(weights) == 2;
        var (law, rates) = plain ? (_gemm, _rates) : (_quantised, _gemmRates);
        if (!isTiled) law = law.WithoutTiles();
        var weightBytes = _precision.BytesOf(weights);
        var compute = 2 * m * n * k / (law.Compute * rates.FlopsPerMicrosecond);
        var memory = (weightBytes * n * k) / (law.Bandwidth * rates.BytesPerMicrosecond);
        var efficiency = plain ? 1 : _precision.EfficiencyOn(_gpu, compute < memory);

        // Eight bits or less: read two-byte activations, write and read the narrow ones.
        var activation = plain || _precision.ActivationBytes >= 2 ? 2 : 2 + (2 * _precision.ActivationBytes);
        var time = law.Microseconds(m, n, k, weightBytes, activation, rates, efficiency);
        return new(time, compute > memory ? BoundBy.Compute : memory > law.StartMicroseconds ? BoundBy.Memory : BoundBy.Overhead);
    }

    public KernelTime Decode(double flops, double bytes) => Attention(Decoding.StartMicroseconds,
        flops / (Prefilling.Compute * _rates.FlopsPerMicrosecond), bytes / (Decoding.Bandwidth * _rates.BytesPerMicrosecond));

    public KernelTime Prefill(double flops, double flopsPerKey) =>
        Attention(Prefilling.StartMicroseconds, flops / (Prefilling.Compute * _rates.FlopsPerMicrosecond), 0);

    private KernelTime ExpertTime(RowOperator op, int rows)
    {
        var layer = op.Experts!.Value;
        var tokens = op.TokensPerRow * rows;
        if (tokens == 0) return default;
        var weightBytes = _precision.BytesOf(op.Weights);
        var touched = Touched(op, layer, tokens, rows);
        var time = _experts.Microseconds(layer, tokens, Routing, weightBytes, _gemmRates, TunedExperts.Has(_gpu.Name, layer), touched);
        var bytes = (layer.ExpertWeights * touched * weightBytes) + layer.ActivationBytes(tokens);
        var isCompute = layer.Flops(tokens) / _gemmRates.FlopsPerMicrosecond > bytes / _gemmRates.BytesPerMicrosecond;
        return new(time, isCompute ? BoundBy.Compute : BoundBy.Memory);
    }

    /// <summary>Memory traffic of an operator in this precision.</summary>
    public double Bytes(RowOperator op, int rows)
    {
        if (op.Experts is { } layer) return ExpertBytes(op, rows) + layer.PermutedBytes(op.TokensPerRow * rows);
        return op.Bytes(rows) - (op.Kind == KernelKind.Gemm ? (2 - _precision.BytesOf(op.Weights)) * op.Columns * op.Inner : 0);
    }

    // Weights of the experts that are touched, and activations inside them.
    private double ExpertBytes(RowOperator op, int rows)
    {
        var (layer, tokens) = (op.Experts!.Value, op.TokensPerRow * rows);
        return (layer.ExpertWeights * Touched(op, layer, tokens, rows) * _precision.BytesOf(op.Weights)) + layer.ActivationBytes(tokens);
    }

    private ExpertRouting Routing => _skewed ? ExpertRouting.Skewed : ExpertRouting.Uniform;

    private double Touched(RowOperator op, in ExpertLayer layer, double tokens, int rows) =>
        op.DistinctExperts?.Invoke(rows) ?? _experts.Touched(layer, tokens, Routing);

    /// <summary>Experts of a layer that so many tokens touch, all ranks together, as the laws count them.</summary>
    public double TouchedExperts(Models.ExpertShape experts, int tokens) =>
        ExpertLaw.ActiveExperts(tokens, experts.ActivePerToken, experts.Experts, 1, _skewed ? _experts.SkewedCoverage : 1);

    private double AllReduce(double bytes)
    {
        var volume = CollectiveLaw.Volume("all_reduce", _layout.Tensor, bytes);
        if (_nccl is not { } nccl) return (_custom ?? _laws.LinkLaw(_layout.Tensor)).Microseconds(volume);

        // Engines fall back to NCCL where their own kernel is slow (PCIe with more than two devices).
        return _custom is { } custom && bytes <= CustomLimitBytes
            ? Math.Min(custom.Microseconds(volume), nccl.Microseconds(volume))
            : nccl.Microseconds(volume);
    }

    private KernelTime Attention(double start, double compute, double memory) => new(
        AttentionFactor * (start + Math.Max(compute, memory)),
        start > Math.Max(compute, memory) ? BoundBy.Overhead : compute > memory ? BoundBy.Compute : BoundBy.Memory);
}
