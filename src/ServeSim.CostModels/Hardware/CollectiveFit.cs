namespace ServeSim.CostModels.Hardware;

/// <summary>Measured collective: t = latency + factor · bytes / bus bandwidth.</summary>
/// <param name="Device">Accelerator.</param>
/// <param name="Library">"custom" (a kernel captured in a CUDA graph) or "nccl".</param>
/// <param name="Operation">all_reduce, all_gather, reduce_scatter or all_to_all.</param>
/// <param name="Devices">Participants.</param>
/// <param name="LatencyMicroseconds">Fixed time.</param>
/// <param name="BusGigabytesPerSecond">Bus bandwidth.</param>
public sealed record CollectiveFit(
    string Device, string Library, string Operation, int Devices, double LatencyMicroseconds, double BusGigabytesPerSecond)
{
    /// <summary>Share of the message that a device's link must carry.</summary>
    public double Factor => (Operation == "all_reduce" ? 2.0 : 1.0) * (Devices - 1) / Devices;

    /// <summary>Time for a message of so many bytes.</summary>
    public double Microseconds(double bytes) => LatencyMicroseconds + (Factor * bytes / (BusGigabytesPerSecond * 1e3));
}
