using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + chain · (d + f)/1024 + unaligned · smooth-max(flops / ec·F, touched weights / eb·BW) + moved / BW on the rank that has most to
/// do. Moved are the rows of all ranks that every rank gathers and scatters (permute), what its own experts read and write (local) and
/// the rows that it clears for experts of others (clear).
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec.</param>
/// <param name="Bandwidth">eb.</param>
/// <param name="Exponent">p.</param>
/// <param name="Permute">Multiplier of gathered and scattered bytes.</param>
/// <param name="SkewedCoverage">Under skewed routing a batch touches as many experts as one of this share of its tokens does under uniform routing.</param>
/// <param name="SkewedSpread">Under skewed routing the busiest of ep ranks has 1 + spread · (ep − 1)/√experts times the mean load.</param>
/// <param name="ChainMicroseconds">Serial loops over the inputs of both products, per 1024.</param>
/// <param name="Unaligned">Slow-down where rows of the weights are no multiple of 16 elements, so that vector loads fail.</param>
/// <param name="Local">Multiplier of activation bytes.</param>
/// <param name="Clear">Multiplier of cleared bytes.</param>
public readonly record struct ExpertLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Exponent, double Permute, double SkewedCoverage = 1, double SkewedSpread = 0,
    double ChainMicroseconds = 0, double Unaligned = 1, double Local = 1, double Clear = 0)
{
    private const double AlignedElements = 16;

    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 20, 1, 200), new("ec", 0.4, 0.02, 1.5), new("eb", 0.8, 0.05, 1.5), new("p", 1.5, 1.05, 8), new("permute", 1.5, 0.01, 20),
        new("skewed_coverage", 0.7, 0.02, 1), new("skewed_spread", 2, 0.01, 8), new("chain_us", 0.5, 1e-3, 20), new("unaligned", 1.5, 1, 8),
        new("local", 1, 1e-3, 30), new("clear", 1, 1e-3, 30),
    ];

    internal static ExpertLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]);

    /// <summary>Experts of the layer that so many tokens of all ranks touch on one rank.</summary>
    public static double ActiveExperts(double tokens, double perToken, double experts, double expertRanks, double coverage = 1) =>
        experts / expertRanks * (1 - DetMath.Pow(1 - (1 / experts), tokens * perToken * coverage));

    /// <summary>Experts that the rank reads. Whoever waits for the busiest rank waits for at least one expert.</summary>
    public double Touched(in ExpertLayer layer, double tokens, ExpertRouting routing)
    {
        var rows = tokens * layer.PerToken;
        return Math.Max(Math.Min(1, rows), routing switch
        {
            ExpertRouting.Balanced => Math.Min(layer.Experts, rows) / layer.ExpertRanks,
            ExpertRouting.Skewed => ActiveExperts(tokens, layer.PerToken, layer.Experts, layer.ExpertRanks, SkewedCoverage),
            _ => ActiveExperts(tokens, layer.PerToken, layer.Experts, layer.ExpertRanks),
        });
    }

    /// <summary>Load of the busiest rank over the mean; no expert can have a token twice.</summary>
    public double Imbalance(in ExpertLayer layer, ExpertRouting routing) => routing != ExpertRouting.Skewed || layer.ExpertRanks <= 1 ? 1
        : Math.Min(Math.Min(layer.ExpertRanks, Math.Max(1, layer.Experts / layer.PerToken)),
            1 + (SkewedSpread * (layer.ExpertRanks - 1) / Math.Sqrt(layer.Experts)));

    /// <summary>One execution for so many tokens of all ranks.</summary>
    /// <param name="layer">Experts.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="routing">How they choose.</param>
    /// <param name="weightBytes">Bytes of a weight.</param>
    /// <param name="device">Rates.</param>
    /// <param name="touched">Experts that are read, where the caller knows better than <see cref="Touched"/>.</param>
    public double Microseconds(in ExpertLayer layer, double tokens, ExpertRouting routing, double weightBytes, in DeviceRates device, double? touched = null)
    {
        if (tokens == 0) return 0;
        var imbalance = Imbalance(layer, routing);
        var kernels = SmoothMaximum.Of(layer.Flops(tokens) * imbalance / (Compute * device.FlopsPerMicrosecond),
            layer.ExpertWeights * (touched ?? Touched(layer, tokens, routing)) * weightBytes / (Bandwidth * device.BytesPerMicrosecond), Exponent);
        var inner = 2 * layer.Matrices * layer.FfnSize;
        var moved = (Permute * layer.PermutedBytes(tokens)) + (Local * layer.Rows(tokens) * imbalance * ((4 * layer.Hidden) + inner))
            + (Clear * tokens * layer.PerToken * inner);
        return StartMicroseconds + (ChainMicroseconds * (layer.Hidden + layer.FfnSize) / 1024)
            + ((layer.FfnSize % AlignedElements == 0 ? 1 : Unaligned) * kernels) + (moved / device.BytesPerMicrosecond);
    }
}
