using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>What the calibrated laws need of a data sheet.</summary>
/// <param name="FlopsPerMicrosecond">Dense tensor rate of the number format in question.</param>
/// <param name="BytesPerMicrosecond">Memory bandwidth.</param>
/// <param name="Multiprocessors">Streaming multiprocessors or compute units.</param>
/// <param name="L2Bytes">Last-level cache.</param>
public readonly record struct DeviceRates(double FlopsPerMicrosecond, double BytesPerMicrosecond, double Multiprocessors, double L2Bytes)
{
    private const double TypicalMultiprocessors = 128;    // data sheets of accelerators that are no GPUs name none
    private const double TypicalL2Megabytes = 50;

    /// <summary>Rates for two-byte values.</summary>
    public static DeviceRates Of(AcceleratorSpec gpu) => new(
        gpu.FlopsPerSecond / 1e6, gpu.BytesPerSecond / 1e6, gpu.ComputeUnits ?? TypicalMultiprocessors, (gpu.L2Megabytes ?? TypicalL2Megabytes) * 1e6);

    /// <summary>The same device at another tensor rate.</summary>
    public DeviceRates At(double teraflops) => this with { FlopsPerMicrosecond = teraflops * 1e6 };
}
