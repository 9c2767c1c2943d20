using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>
/// Token counts drawn independently for each request: <c>constant:N</c>, <c>uniform:A..B</c> (or <c>A,B</c>), <c>exponential:MEAN</c>,
/// <c>lognormal:MEDIAN,MEAN</c> or <c>lognormal:MEDIAN,sigma=S</c>, S being the standard deviation of the logarithm. <c>@A..B</c> behind it
/// cuts the distribution to a range by drawing again, which moves its mean.
/// </summary>
public sealed record LengthSpec
{
    private const int Most = 100_000_000;
    private const int LargestSigma = 5;
    private const int DrawsBeforeClamping = 1000;
    private const string Sigma = "sigma=";
    private static readonly string[] Kinds = ["constant", "uniform", "exponential", "lognormal"];

    private LengthSpec(string kind, double first, double second, int min, int max) => (Kind, First, Second, Min, Max) = (kind, first, second, min, max);

    /// <summary>Name of the distribution.</summary>
    public string Kind { get; }

    /// <summary>The count, the lower end, the mean, or the median of a lognormal.</summary>
    public double First { get; }

    /// <summary>The upper end, or the standard deviation of the logarithm of a lognormal.</summary>
    public double Second { get; }

    /// <summary>Smallest count.</summary>
    public int Min { get; }

    /// <summary>Largest count.</summary>
    public int Max { get; }

    /// <summary>Reads a text.</summary>
    /// <exception cref="InputException">It is none of the forms, or a number is out of range.</exception>
    public static LengthSpec Parse(string text)
    {
        var (body, range) = text.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? (text[..at], text[(at + 1)..]) : (text, null);
        var colon = body.IndexOf(':', StringComparison.Ordinal);
        var kind = colon < 0 ? body : body[..colon];
        if (!Kinds.Contains(kind)) throw new InputException($"length \"{text}\" is not known; {Suggestion.For(kind, Kinds)}");
        var (first, second) = Numbers(text, kind, colon < 0 ? "" : body[(colon + 1)..]);
        var (min, max) = range is null ? (1, Most) : Range(text, range);
        return new(kind, first, second, min, max);
    }

    /// <summary>Opens the source of draws.</summary>
    public Func<int> Start(RandomStream random)
    {
        // One lognormal is a mixture of one; its own draws again leave out what lies beyond all counts.
        var lognormal = Kind == "lognormal" ? new LengthMixture([(1, First, Second)], 1, Most) : null;
        return Draw;

        int Draw()
        {
            var tokens = 0;
            for (var draw = 0; draw < DrawsBeforeClamping; draw++)
            {
                tokens = Kind switch
                {
                    "constant" => (int)First,
                    "uniform" => (int)First + random.NextInt((int)Second - (int)First + 1),
                    "exponential" => (int)Math.Clamp(Math.Round(First * random.NextExponential(), MidpointRounding.ToEven), 1, Most),
                    _ => lognormal!.Draw(random),
                };
                if (tokens >= Min && tokens <= Max) return tokens;
            }

            return Math.Clamp(tokens, Min, Max);    // a range that the distribution hardly reaches
        }
    }

    private static (double First, double Second) Numbers(string whole, string kind, string text)
    {
        var parts = kind == "uniform" ? text.Replace("..", ",", StringComparison.Ordinal).Split(',') : text.Split(',');
        var (usage, count) = kind switch
        {
            "constant" => ("constant:N", 1),
            "uniform" => ("uniform:A..B", 2),
            "exponential" => ("exponential:MEAN", 1),
            _ => ("lognormal:MEDIAN,MEAN or lognormal:MEDIAN,sigma=S", 2),
        };
        if (parts.Length != count || text.Length == 0) throw new InputException($"length \"{whole}\": give {usage}");
        var first = Number(whole, parts[0], 1, Most);
        if (kind == "lognormal" && parts[1].StartsWith(Sigma, StringComparison.Ordinal)) return (first, Number(whole, parts[1][Sigma.Length..], 0, LargestSigma));
        var second = count == 1 ? first : Number(whole, parts[1], 0, Most);
        if (kind is "constant" or "uniform" && (first != Math.Floor(first) || second != Math.Floor(second))) throw new InputException($"length \"{whole}\": token counts are whole numbers");
        if (second < first) throw new InputException($"length \"{whole}\": {(kind == "uniform" ? "the range is empty" : "the mean of a lognormal is not below its median; a standard deviation of the logarithm is written sigma=S")}");
        return (first, kind == "lognormal" ? Math.Sqrt(2 * DetMath.Log(second / first)) : second);    // mean = median · exp(sigma² / 2)
    }

    private static double Number(string whole, string text, double min, double max) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"length \"{whole}\": must be a number from {min} to {max}, got \"{text}\""));

    private static (int Min, int Max) Range(string whole, string text)
    {
        var ends = text.Split("..");
        if (ends.Length != 2) throw new InputException($"length \"{whole}\": a range is @A..B, got \"@{text}\"");
        var min = (int)Number(whole, ends[0], 1, Most);
        return (min, (int)Number(whole, ends[1], min, Most));
    }
}
