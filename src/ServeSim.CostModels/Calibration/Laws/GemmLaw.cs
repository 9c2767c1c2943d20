using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + chain · k/1024 + quantise · m·k / BW + smooth-max(flops / ec·F, (weights + traffic · activations) / eb·BW).
/// Two-byte kernels need the first four constants only. FP8 kernels also show the serial loop over k (chain), the separate
/// kernel that quantises the input (quantise) and activations read once per tile column (traffic).
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec, share of the tensor rate.</param>
/// <param name="Bandwidth">eb, share of the memory bandwidth.</param>
/// <param name="Exponent">p.</param>
/// <param name="ChainMicroseconds">Per 1024 inputs.</param>
/// <param name="Traffic">Multiplier of activation bytes.</param>
/// <param name="Quantise">Bytes per input element of the quantising kernel.</param>
public readonly record struct GemmLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Exponent, double ChainMicroseconds = 0, double Traffic = 1, double Quantise = 0)
{
    internal static readonly FitConstant[] Bf16Constants =
        [new("t0_us", 4, 2, 60), new("ec", 0.75, 0.02, 1.5), new("eb", 0.8, 0.02, 1.5), new("p", 2.5, 1.05, 8)];

    internal static readonly FitConstant[] Fp8Constants =
        [.. Bf16Constants, new("chain_us", 0.3, 1e-4, 10), new("traffic", 1, 0.01, 10), new("quantise", 1, 1e-3, 20)];

    internal static GemmLaw Of(ReadOnlySpan<double> c) => c.Length == 4 ? new(c[0], c[1], c[2], c[3]) : new(c[0], c[1], c[2], c[3], c[4], c[5], c[6]);

    /// <summary>m rows, n outputs, k inputs.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Outputs.</param>
    /// <param name="k">Inputs.</param>
    /// <param name="weightBytes">Bytes of a weight.</param>
    /// <param name="activationBytes">Bytes moved per input element.</param>
    /// <param name="device">Rates.</param>
    /// <param name="efficiency">Share of the rate left when weights must be expanded on the way.</param>
    public double Microseconds(double m, double n, double k, double weightBytes, double activationBytes, in DeviceRates device, double efficiency = 1) =>
        StartMicroseconds + (ChainMicroseconds * k / 1024) + (Quantise * m * k / device.BytesPerMicrosecond) + SmoothMaximum.Of(
            2 * m * n * k / (efficiency * Compute * device.FlopsPerMicrosecond),
            ((weightBytes * n * k) + (Traffic * ((activationBytes * m * k) + (2 * m * n)))) / (Bandwidth * device.BytesPerMicrosecond), Exponent);
}
