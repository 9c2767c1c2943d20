using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>t = t0 + smooth-max(flops / ec·F, bytes / eb·BW) + permute · bytes / BW: a grouped GEMM behind a gather of the rows of all ranks.</summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec.</param>
/// <param name="Bandwidth">eb.</param>
/// <param name="Exponent">p.</param>
/// <param name="Permute">Bytes multiplier of gather and scatter.</param>
/// <param name="SkewedCoverage">Under skewed routing a batch covers as many experts as one of this share of its tokens does under uniform routing.</param>
/// <param name="SkewedLoad">Under skewed routing the busiest expert stretches the arithmetic by this factor.</param>
public readonly record struct ExpertLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Exponent, double Permute, double SkewedCoverage = 1, double SkewedLoad = 1)
{
    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 20, 1, 200), new("ec", 0.4, 0.02, 1.5), new("eb", 0.8, 0.05, 1.5), new("p", 1.5, 1.05, 8),
        new("permute", 1.5, 0.01, 20), new("skewed_coverage", 0.7, 0.02, 1), new("skewed_load", 1.2, 1, 4),
    ];

    internal static ExpertLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2], c[3], c[4], c[5], c[6]);

    /// <summary>Experts of the layer that so many tokens of all ranks touch on one rank.</summary>
    public static double ActiveExperts(double tokens, double perToken, double experts, double expertRanks, double coverage = 1) =>
        experts / expertRanks * (1 - DetMath.Pow(1 - (1 / experts), tokens * perToken * coverage));

    /// <summary>One execution.</summary>
    public double Microseconds(double flops, double bytes, double permutedBytes, in DeviceRates device) =>
        StartMicroseconds
        + SmoothMaximum.Of(flops / (Compute * device.FlopsPerMicrosecond), bytes / (Bandwidth * device.BytesPerMicrosecond), Exponent)
        + (Permute * permutedBytes / device.BytesPerMicrosecond);
}
