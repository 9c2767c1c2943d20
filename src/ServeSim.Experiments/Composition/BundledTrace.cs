using System.Globalization;
using System.Text;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Composition;

/// <summary>
/// A small chat-like trace for a first run: Poisson arrivals, log-normal lengths. It is drawn, not recorded, and never
/// changes; results on it say nothing about real traffic.
/// </summary>
public static class BundledTrace
{
    /// <summary>Requests in it.</summary>
    public const int Requests = 1000;

    /// <summary>Its name in reports.</summary>
    public const string Name = "bundled synthetic chat";

    private const ulong Seed = 1;
    private const double RequestsPerSecond = 6;

    /// <summary>The trace as a CSV stream.</summary>
    public static Stream Open()
    {
        var text = new StringBuilder("arrived_at,num_prefill_tokens,num_decode_tokens\n");
        var random = new RandomStream(Seed, "bundled-trace");
        double time = 0;
        for (var i = 0; i < Requests; i++)
        {
            time += random.NextExponential() / RequestsPerSecond;
            text.Append(CultureInfo.InvariantCulture, $"{time:F6},{Length(random, 600, 1.0, 8192)},{Length(random, 180, 0.8, 2048)}\n");
        }

        return new MemoryStream(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static int Length(RandomStream random, double median, double sigma, int most) =>
        (int)Math.Clamp(Math.Round(median * DetMath.Exp(sigma * Normal(random)), MidpointRounding.ToEven), 1, most);

    /// <summary>Standard normal by the polar method.</summary>
    private static double Normal(RandomStream random)
    {
        while (true)
        {
            var (u, v) = ((2 * random.NextDouble()) - 1, (2 * random.NextDouble()) - 1);
            var s = (u * u) + (v * v);
            if (s is > 0 and < 1) return u * Math.Sqrt(-2 * DetMath.Log(s) / s);
        }
    }
}
