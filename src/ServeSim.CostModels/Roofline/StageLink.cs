using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Roofline;

/// <summary>The link over which one pipeline stage hands its activations to the next.</summary>
internal static class StageLink
{
    private const double PointToPointMicroseconds = 10;    // aiconfigurator's constant inside a host
    private const double NetworkStartMicroseconds = 15;    // plus the link's own latency, between hosts

    public static bool IsInside(AcceleratorSpec gpu, ParallelLayout layout) => layout.Devices <= Math.Max(8, gpu.ScaleUpDevices);

    public static double BytesPerSecond(AcceleratorSpec gpu, ParallelLayout layout, LinkSpec network) => IsInside(gpu, layout)
        ? gpu.PeerBytesPerSecond(layout.Devices)
        : network.EffectiveGigabytesPerSecond * 1e9;

    public static double LatencyMicroseconds(AcceleratorSpec gpu, ParallelLayout layout, LinkSpec network) =>
        IsInside(gpu, layout) ? PointToPointMicroseconds : NetworkStartMicroseconds + network.LatencyMicroseconds;
}
