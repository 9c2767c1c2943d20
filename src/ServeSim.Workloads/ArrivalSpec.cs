using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Workloads.Transforms;

namespace ServeSim.Workloads;

/// <summary>Where arrival times come from: the trace itself, or a process that replaces them.</summary>
/// <param name="Kind">Name of the process.</param>
/// <param name="Rate">Requests per second; of <c>burst</c> the period in seconds.</param>
/// <param name="Cv">Coefficient of variation of the gaps.</param>
public sealed record ArrivalSpec(string Kind, double Rate = 0, double Cv = 1)
{
    /// <summary>The recorded arrivals.</summary>
    public static readonly ArrivalSpec Trace = new("trace");

    private static readonly string[] Kinds = ["trace", "poisson", "gamma", "weibull", "constant", "burst"];

    /// <summary>Recorded times are needed (and not replaced altogether).</summary>
    public bool NeedsRecordedTimes => Kind is "trace" or "burst";

    /// <summary>Reads <c>trace</c>, <c>poisson:R</c>, <c>gamma:R,CV</c>, <c>weibull:R,CV</c>, <c>constant:R</c> or <c>burst:PERIOD</c>.</summary>
    /// <exception cref="InputException">None of them, or a number out of range.</exception>
    public static ArrivalSpec Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var kind = colon < 0 ? text : text[..colon];
        var numbers = colon < 0 ? [] : text[(colon + 1)..].Split(',');
        if (!Kinds.Contains(kind)) throw new InputException($"arrivals \"{text}\" are not known; {Suggestion.For(kind, Kinds)}");
        var expected = kind switch { "trace" => 0, "gamma" or "weibull" => 2, _ => 1 };
        if (numbers.Length != expected) throw new InputException($"arrivals \"{text}\": {kind} takes {Usage(kind)}");
        var rate = expected > 0 ? Number(text, numbers[0], kind == "burst" ? "PERIOD" : "RATE", 1e-6, 1e9) : 0;

        // Beyond these the shape that gives the CV lies outside what a double can draw from.
        var cv = expected > 1 ? Number(text, numbers[1], "CV", 0.05, 20) : 1;
        return new(kind, rate, cv);
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        "trace" => Kind,
        "gamma" or "weibull" => string.Create(CultureInfo.InvariantCulture, $"{Kind}:{Rate},{Cv}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Kind}:{Rate}"),
    };

    internal ArrivalProcess Start(ulong seed, string stream = "arrival") => new(this, new RandomStream(seed, stream));

    private static string Usage(string kind) => kind switch
    {
        "trace" => "nothing",
        "gamma" or "weibull" => $"{kind}:RATE,CV",
        "burst" => "burst:PERIOD (seconds)",
        _ => $"{kind}:RATE (requests per second)",
    };

    private static double Number(string whole, string text, string name, double min, double max) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"arrivals \"{whole}\": {name} must be a number from {min} to {max}, got \"{text}\""));
}
