using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>The standard normal distribution from elementary operations alone.</summary>
public static class StandardNormal
{
    private const double RootTwoPi = 2.5066282746310002;
    private const double Edge = 8;

    /// <summary>The value below which a share <paramref name="p"/> lies, for p in (0, 1); absolute error below 1e-9 inside ±6.</summary>
    public static double Quantile(double p)
    {
        double low = -Edge, high = Edge, x = 0;
        for (var i = 0; i < 60; i++)
        {
            // Newton's step, or a halving where it leaves the bracket.
            var error = Share(x) - p;
            if (error > 0) high = x; else low = x;
            var next = x - (error / Density(x));
            if (!(next > low && next < high)) next = (low + high) / 2;
            if (Math.Abs(next - x) < 1e-12) return next;
            x = next;
        }

        return x;
    }

    /// <summary>Share below <paramref name="x"/>, by the series x + x³/3 + x⁵/15 + …</summary>
    public static double Share(double x)
    {
        if (Math.Abs(x) >= Edge) return x < 0 ? 0 : 1;
        double term = x, sum = x;
        for (var n = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum) && n < 400; n += 2)
        {
            term = term * x * x / n;
            sum += term;
        }

        return 0.5 + (Density(x) * sum);
    }

    private static double Density(double x) => DetMath.Exp(-(x * x) / 2) / RootTwoPi;
}
