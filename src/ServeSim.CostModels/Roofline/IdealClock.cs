using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Roofline;

/// <summary>F0: data-sheet rates, the longer of compute and memory, links without latency.</summary>
internal sealed class IdealClock(AcceleratorSpec gpu, ParallelLayout layout, LinkSpec network, PrecisionProfile precision) : IKernelClock
{
    private readonly double _quantisedFlopsPerMicrosecond = precision.TeraflopsOn(gpu) * 1e6;

    private readonly double _flopsPerMicrosecond = gpu.FlopsPerSecond / 1e6;
    private readonly double _bytesPerMicrosecond = gpu.BytesPerSecond / 1e6;
    private readonly double _peerBytesPerMicrosecond = gpu.PeerBytesPerSecond(layout.Tensor) / 1e6;
    private readonly double _stageBytesPerMicrosecond = StageLink.BytesPerSecond(gpu, layout, network) / 1e6;
    private readonly double _gatherFactor = (layout.Tensor - 1.0) / layout.Tensor;

    public OperatorFlavour Flavour => OperatorFlavour.GemmsOnly;

    public KernelTime Time(RowOperator op, int rows)
    {
        var isQuantised = precision.BytesOf(op.Weights) < 2;
        if (!isQuantised) return Time(op.Kind, op.Flops(rows), op.Bytes(rows));
        var narrow = 2 - precision.BytesOf(op.Weights);
        var saved = op.Experts is { } experts
            ? narrow * experts.ExpertWeights * (op.DistinctExperts?.Invoke(rows) ?? 0)
            : (narrow * op.Columns * op.Inner) + ((2 - precision.ActivationBytes) * op.Inner * rows);
        var compute = op.Flops(rows) / _quantisedFlopsPerMicrosecond;
        var memory = (op.Bytes(rows) - saved) / _bytesPerMicrosecond;
        return compute > memory ? new(compute, BoundBy.Compute) : new(memory, BoundBy.Memory);
    }

    public KernelTime Time(KernelKind kind, double flops, double bytes)
    {
        switch (kind)
        {
            case KernelKind.AllReduce: return new(2 * _gatherFactor * bytes / _peerBytesPerMicrosecond, BoundBy.Link);
            case KernelKind.AllGather or KernelKind.AllToAll: return new(_gatherFactor * bytes / _peerBytesPerMicrosecond, BoundBy.Link);
            case KernelKind.StageTransfer: return new(bytes / _stageBytesPerMicrosecond, BoundBy.Link);
        }

        var compute = flops / _flopsPerMicrosecond;
        var memory = bytes / _bytesPerMicrosecond;
        return compute > memory ? new(compute, BoundBy.Compute) : new(memory, BoundBy.Memory);
    }
}
