using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>
/// What a data sheet allows. A time that implies more than its FLOP rate or its bandwidth was not that of the work it claims: operands
/// came from a cache, the unit was wrong, or the GPU is another one.
/// </summary>
internal static class PhysicalLimit
{
    private const double Slack = 1.05;    // clocks above the rated ones

    /// <summary>True for a measurement that no device with these rates can have made; false where the work is not known exactly.</summary>
    public static bool Exceeds(string op, ReadOnlySpan<double> x, double microseconds, AcceleratorSpec gpu)
    {
        var (flops, bytes) = op switch
        {
            "gemm-bf16" => (2 * x[0] * x[1] * x[2], 2 * x[1] * x[2]),
            "gemm-fp8" => (2 * x[0] * x[1] * x[2], x[1] * x[2]),
            "attention-decode" => (0, 4 * x[1] * x[2] * x[3] * x[4]),
            "attention-prefill" => (2 * x[0] * x[2] * x[3] * x[4] * (x[4] + 1 + (2 * x[5])), 0),
            _ => (0.0, 0.0),
        };
        var rate = op == "gemm-fp8" ? gpu.Teraflops.Fp8 ?? (2 * gpu.FlopsPerSecond / 1e12) : gpu.FlopsPerSecond / 1e12;
        return flops > Slack * rate * 1e6 * microseconds || bytes > Slack * gpu.BytesPerSecond / 1e6 * microseconds;
    }
}
