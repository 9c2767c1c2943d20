using ServeSim.Abstractions;

namespace ServeSim.Workloads.Transforms;

/// <summary>Draws and special functions that generators need, from <see cref="DetMath"/> alone.</summary>
internal static class RandomDraws
{
    /// <summary>Standard normal by the polar method, which needs a logarithm and a square root but no sine.</summary>
    public static double Normal(RandomStream random)
    {
        while (true)
        {
            var x = (2 * random.NextDouble()) - 1;
            var y = (2 * random.NextDouble()) - 1;
            var square = (x * x) + (y * y);
            if (square is > 0 and < 1) return x * Math.Sqrt(-2 * DetMath.Log(square) / square);
        }
    }

    /// <summary>Gamma of scale 1 (Marsaglia and Tsang, 2000); shapes below 1 are lifted by one and pulled back.</summary>
    public static double Gamma(RandomStream random, double shape)
    {
        if (shape < 1) return Gamma(random, shape + 1) * DetMath.Pow(1 - random.NextDouble(), 1 / shape);
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var normal = Normal(random);
            var v = 1 + (c * normal);
            if (v <= 0) continue;
            v = v * v * v;
            var u = 1 - random.NextDouble();
            if (DetMath.Log(u) < (0.5 * normal * normal) + d - (d * v) + (d * DetMath.Log(v))) return d * v;
        }
    }

    /// <summary>Logarithm of the gamma function for positive arguments: Stirling's series above 12, recurrence below.</summary>
    public static double LogGamma(double x)
    {
        double product = 1, shift = 0;
        while (x < 12)
        {
            product *= x;
            x += 1;
            if (product < 1e200) continue;
            shift += DetMath.Log(product);
            product = 1;
        }

        var z = 1 / (x * x);
        var series = (1.0 / 12) - (z * ((1.0 / 360) - (z * ((1.0 / 1260) - (z * ((1.0 / 1680) - (z / 1188)))))));
        const double HalfLogTwoPi = 0.91893853320467274178;
        return ((x - 0.5) * DetMath.Log(x)) - x + HalfLogTwoPi + (series / x) - DetMath.Log(product) - shift;
    }

    /// <summary>The Weibull shape whose coefficient of variation is <paramref name="cv"/>, by bisection.</summary>
    public static double WeibullShape(double cv)
    {
        double low = 0.05, high = 50;    // the CV falls as the shape grows
        for (var i = 0; i < 200; i++)
        {
            var middle = (low + high) / 2;
            var ratio = DetMath.Exp(LogGamma(1 + (2 / middle)) - (2 * LogGamma(1 + (1 / middle))));
            if (ratio - 1 > cv * cv) low = middle;
            else high = middle;
        }

        return (low + high) / 2;
    }
}
