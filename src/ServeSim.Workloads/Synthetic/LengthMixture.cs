using ServeSim.Abstractions;
using ServeSim.Workloads.Transforms;

namespace ServeSim.Workloads.Synthetic;

/// <summary>Token counts as a mixture of lognormals, cut to a range by drawing again.</summary>
/// <param name="Parts">Weight, median in tokens and log-scale spread of each part; weights sum to 1.</param>
/// <param name="Min">Smallest count.</param>
/// <param name="Max">Largest count.</param>
public sealed record LengthMixture(IReadOnlyList<(double Weight, double Median, double Spread)> Parts, int Min, int Max)
{
    /// <summary>Draws one count.</summary>
    public int Draw(RandomStream random)
    {
        while (true)
        {
            var pick = random.NextDouble();
            var part = 0;
            while (part < Parts.Count - 1 && pick >= Parts[part].Weight) pick -= Parts[part++].Weight;
            var tokens = Math.Round(Parts[part].Median * DetMath.Exp(Parts[part].Spread * RandomDraws.Normal(random)), MidpointRounding.ToEven);
            if (tokens >= Min && tokens <= Max) return (int)tokens;
        }
    }
}
