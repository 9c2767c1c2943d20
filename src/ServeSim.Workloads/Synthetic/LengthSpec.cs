using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Workloads.Transforms;

namespace ServeSim.Workloads.Synthetic;

/// <summary>
/// Token counts of synthetic requests: <c>constant:N</c>, <c>uniform:A,B</c>, <c>exponential:MEAN</c> or
/// <c>lognormal:MEDIAN,SPREAD</c> (SPREAD is the standard deviation of the logarithm). <c>@A..B</c> behind it cuts the
/// distribution to a range by drawing again, which moves its mean.
/// </summary>
public sealed record LengthSpec
{
    private const int Most = 100_000_000;
    private const int DrawsBeforeClamping = 1000;
    private static readonly string[] Kinds = ["constant", "uniform", "exponential", "lognormal"];

    private LengthSpec(string kind, double first, double second, int min, int max) => (Kind, First, Second, Min, Max) = (kind, first, second, min, max);

    /// <summary>Name of the distribution.</summary>
    public string Kind { get; }

    /// <summary>The number, the lower end, the mean or the median.</summary>
    public double First { get; }

    /// <summary>The upper end or the spread.</summary>
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
        var numbers = colon < 0 ? [] : body[(colon + 1)..].Split(',');
        var (usage, count) = kind switch
        {
            "constant" => ("constant:TOKENS", 1),
            "uniform" => ("uniform:LEAST,MOST", 2),
            "exponential" => ("exponential:MEAN", 1),
            _ => ("lognormal:MEDIAN,SPREAD", 2),
        };
        if (numbers.Length != count) throw new InputException($"length \"{text}\": give {usage}");
        var first = Number(text, numbers[0], 1, Most);
        var second = count == 1 ? 0 : Number(text, numbers[1], kind == "uniform" ? first : 0, kind == "uniform" ? Most : 5);
        if (kind is "constant" or "uniform" && (first != Math.Floor(first) || second != Math.Floor(second))) throw new InputException($"length \"{text}\": tokens must be whole numbers");
        var (min, max) = range is null ? (1, Most) : Range(text, range);
        return new(kind, first, second, min, max);
    }

    /// <summary>Draws one count.</summary>
    public int Draw(RandomStream random)
    {
        var tokens = 0.0;
        for (var draw = 0; draw < DrawsBeforeClamping; draw++)
        {
            tokens = Kind switch
            {
                "constant" => First,
                "uniform" => First + Math.Floor(random.NextDouble() * (Second - First + 1)),
                "exponential" => Math.Max(1, Math.Round(First * random.NextExponential(), MidpointRounding.ToEven)),
                _ => Math.Max(1, Math.Round(First * DetMath.Exp(Second * RandomDraws.Normal(random)), MidpointRounding.ToEven)),
            };
            if (tokens >= Min && tokens <= Max) return (int)tokens;
        }

        return (int)Math.Clamp(tokens, Min, Max);    // a range that the distribution hardly reaches
    }

    private static double Number(string whole, string text, double min, double max) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"length \"{whole}\": must be a number from {min} to {max}, got \"{text}\""));

    private static (int Min, int Max) Range(string whole, string text)
    {
        var ends = text.Split("..");
        if (ends.Length != 2) throw new InputException($"length \"{whole}\": a range is @LEAST..MOST, got \"@{text}\"");
        var min = (int)Number(whole, ends[0], 1, Most);
        return (min, (int)Number(whole, ends[1], min, Most));
    }
}
