using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>(a^p + b^p)^(1/p): compute and memory overlap, but not perfectly where both take about equally long.</summary>
internal static class SmoothMaximum
{
    /// <summary>Arranged so that no power can overflow.</summary>
    public static double Of(double a, double b, double p)
    {
        var (large, small) = a > b ? (a, b) : (b, a);
        return large == 0 ? 0 : large * DetMath.Exp(DetMath.Log1P(DetMath.Pow(small / large, p)) / p);
    }
}
