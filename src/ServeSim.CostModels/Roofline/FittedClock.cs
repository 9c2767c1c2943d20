using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>F2: rates that kernels reach in public timing tables, with their start times.</summary>
internal sealed class FittedClock : IAttentionClock
{
    private const double ElementWiseMicroseconds = 2;
    private const double ElementWiseBandwidth = 0.8;    // aiconfigurator uses the same share

    private readonly double _flopsPerMicrosecond;
    private readonly double _bytesPerMicrosecond;
    private readonly double _attentionFlopsPerMicrosecond;
    private readonly double _decodeBytesPerMicrosecond;
    private readonly double _decodeStartMicroseconds;
    private readonly double _prefillStartMicroseconds;
    private readonly double _shortContextTokens;
    private readonly double _stageBytesPerMicrosecond;
    private readonly double _stageLatencyMicroseconds;
    private readonly CollectiveTime _collectives;

    public FittedClock(AcceleratorSpec gpu, ParallelLayout layout, LinkSpec network)
    {
        Fit = KernelFits.Of(gpu.Name);
        _flopsPerMicrosecond = gpu.FlopsPerSecond / 1e6;
        _bytesPerMicrosecond = gpu.BytesPerSecond / 1e6;
        _attentionFlopsPerMicrosecond = Fit.Prefill.Compute * _flopsPerMicrosecond;
        _decodeBytesPerMicrosecond = Fit.Decode.Bandwidth * _bytesPerMicrosecond;
        _decodeStartMicroseconds = Fit.Decode.StartMicroseconds;
        _prefillStartMicroseconds = Fit.Prefill.StartMicroseconds;
        _shortContextTokens = Fit.Prefill.ShortContextTokens;
        _stageBytesPerMicrosecond = StageLink.BytesPerSecond(gpu, layout, network) / 1e6;
        _stageLatencyMicroseconds = StageLink.LatencyMicroseconds(gpu, layout, network);
        _collectives = new(gpu, layout.Tensor);
    }

    public KernelFit Fit { get; }

    public OperatorFlavour Flavour => OperatorFlavour.Bytes;

    public bool HasMeasuredCollectives => _collectives.IsMeasured;

    public KernelTime Time(KernelKind kind, double flops, double bytes) => kind switch
    {
        >= KernelKind.Norm and <= KernelKind.Sampler => Largest(0, bytes / (ElementWiseBandwidth * _bytesPerMicrosecond), ElementWiseMicroseconds),
        KernelKind.Experts => Largest(flops / (Fit.Experts.Compute * _flopsPerMicrosecond),
            bytes / (Fit.Experts.Bandwidth * _bytesPerMicrosecond), Fit.Experts.StartMicroseconds),
        KernelKind.AllReduce => new(_collectives.AllReduceMicroseconds(bytes), BoundBy.Link),
        KernelKind.AllGather or KernelKind.AllToAll => new(_collectives.AllGatherMicroseconds(bytes), BoundBy.Link),
        KernelKind.StageTransfer => new(_stageLatencyMicroseconds + (bytes / _stageBytesPerMicrosecond), BoundBy.Link),
        _ => Gemm(flops, bytes),
    };

    /// <summary>Decode attention reads its keys and values at the rate of the decode kernel; only MLA does enough arithmetic to matter.</summary>
    public KernelTime Decode(double flops, double bytes) => Largest(
        flops / _attentionFlopsPerMicrosecond, bytes / _decodeBytesPerMicrosecond, _decodeStartMicroseconds);

    /// <summary><see cref="Decode"/> without arithmetic to wait for.</summary>
    public double DecodeMicroseconds(double bytes) => _decodeStartMicroseconds + (bytes / _decodeBytesPerMicrosecond);

    /// <summary>Prefill attention; short contexts reach less of the peak.</summary>
    /// <param name="flops">FLOPs of all chunks.</param>
    /// <param name="flopsPerKey">Sum over the chunks of FLOPs divided by the chunk's context.</param>
    public KernelTime Prefill(double flops, double flopsPerKey) => Largest(
        (flops + (_shortContextTokens * flopsPerKey)) / _attentionFlopsPerMicrosecond, 0, _prefillStartMicroseconds);

    private KernelTime Gemm(double flops, double bytes)
    {
        var compute = flops / (Fit.Gemm.Compute * _flopsPerMicrosecond);
        var memory = bytes / (Fit.Gemm.Bandwidth * _bytesPerMicrosecond);
        var bound = Largest(compute, memory, Fit.Gemm.StartMicroseconds).Bound;
        return new(Fit.Gemm.StartMicroseconds + SmoothMax(compute, memory, Fit.Gemm.Exponent), bound);
    }

    /// <summary>(a^p + b^p)^(1/p), arranged so that no power can overflow.</summary>
    private static double SmoothMax(double a, double b, double p)
    {
        var (large, small) = a > b ? (a, b) : (b, a);
        return large == 0 ? 0 : large * DetMath.Exp(DetMath.Log1P(DetMath.Pow(small / large, p)) / p);
    }

    private static KernelTime Largest(double compute, double memory, double start) => new(
        start + Math.Max(compute, memory),
        start > Math.Max(compute, memory) ? BoundBy.Overhead : compute > memory ? BoundBy.Compute : BoundBy.Memory);
}
