namespace ServeSim.Policies.Forecasts;

/// <summary>When the longest possible output becomes the last knot of the inverse distribution.</summary>
public enum LastKnot
{
    /// <summary>Always, or the longest remembered output where that is longer (the paper's stand-alone simulator).</summary>
    Always,

    /// <summary>Only where it is longer than every remembered output (the paper's server).</summary>
    IfLonger,
}

/// <summary>
/// Draws a total output length given that a request has already generated some tokens: a piecewise linear inverse of the distribution of
/// the remembered lengths above that (Past-Future, ASPLOS 2025).
/// </summary>
public static class ConditionalLength
{
    /// <summary>The length at <paramref name="u"/> in [0, 1), rounded half to even.</summary>
    /// <param name="longer">Remembered lengths above <paramref name="generated"/>, shortest first.</param>
    /// <param name="generated">Tokens generated so far: the first knot.</param>
    /// <param name="longest">Longest possible output.</param>
    /// <param name="last">When it becomes the last knot.</param>
    /// <param name="u">A uniform draw.</param>
    public static int At(ReadOnlySpan<int> longer, int generated, int longest, LastKnot last, double u)
    {
        var top = longer.IsEmpty ? generated : longer[^1];
        var segments = longer.Length + (last == LastKnot.Always || top < longest ? 1 : 0);
        if (segments == 0) return generated;
        var x = u * segments;
        var below = (int)x;
        double from = below == 0 ? generated : longer[below - 1];
        double to = below < longer.Length ? longer[below] : Math.Max(longest, top);
        return (int)Math.Round(from + ((to - from) * (x - below)), MidpointRounding.ToEven);
    }
}
