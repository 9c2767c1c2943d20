using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>F0: data-sheet rates, the longer of compute and memory, links without latency.</summary>
internal sealed class IdealClock(AcceleratorSpec gpu, ParallelLayout layout, LinkSpec network) : IKernelClock
{
    private readonly double _flopsPerMicrosecond = gpu.FlopsPerSecond / 1e6;
    private readonly double _bytesPerMicrosecond = gpu.BytesPerSecond / 1e6;
    private readonly double _peerBytesPerMicrosecond = gpu.PeerBytesPerSecond(layout.Tensor) / 1e6;
    private readonly double _stageBytesPerMicrosecond = StageLink.BytesPerSecond(gpu, layout, network) / 1e6;
    private readonly double _gatherFactor = (layout.Tensor - 1.0) / layout.Tensor;

    public bool CountsElementWise => false;

    public KernelTime Time(KernelKind kind, double flops, double bytes)
    {
        switch (kind)
        {
            case KernelKind.AllReduce: return new(2 * _gatherFactor * bytes / _peerBytesPerMicrosecond, BoundBy.Link);
            case KernelKind.AllGather: return new(_gatherFactor * bytes / _peerBytesPerMicrosecond, BoundBy.Link);
            case KernelKind.StageTransfer: return new(bytes / _stageBytesPerMicrosecond, BoundBy.Link);
        }

        var compute = flops / _flopsPerMicrosecond;
        var memory = bytes / _bytesPerMicrosecond;
        return compute > memory ? new(compute, BoundBy.Compute) : new(memory, BoundBy.Memory);
    }
}
