using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Where requests come from and what is done to them before they arrive.</summary>
public sealed record TraceConfig
{
    /// <summary>Trace file, relative to the scenario file (to the working directory when a flag gives it); null is the bundled trace.</summary>
    public string? Path { get; init; }

    /// <summary>File format; auto looks at the first line.</summary>
    public string Format { get; init; } = "auto";

    /// <summary>Where arrival times come from: trace, poisson:R, gamma:R,CV, weibull:R,CV, constant:R or burst:PERIOD.</summary>
    public string Arrivals { get; init; } = "trace";

    /// <summary>Load multiplier: recorded times are divided by this.</summary>
    public double RateScale { get; init; } = 1;

    /// <summary>Recorded times are multiplied by this.</summary>
    public double TimeScale { get; init; } = 1;

    /// <summary>Part of the trace, as A..B in seconds; null is all of it.</summary>
    public string? Window { get; init; }

    /// <summary>Share of conversations to keep.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>At most this many requests.</summary>
    public long? Limit { get; init; }

    /// <summary>How many times the result is played.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>Pause between two copies.</summary>
    public SimDuration Gap { get; init; }

    /// <summary>What becomes of requests without input or output tokens.</summary>
    public ZeroTokens ZeroTokens { get; init; }

    /// <summary>How far out of order arrivals may be: error, or window:SECONDS.</summary>
    public string Order { get; init; } = "error";

    /// <summary>Unknown columns and keys of the trace are errors.</summary>
    public bool Strict { get; init; }

    /// <summary>Records with bad values are dropped and counted.</summary>
    public bool Lenient { get; init; }

    /// <summary>The same as the trace reader takes it.</summary>
    /// <exception cref="InputException">A text cannot be read.</exception>
    public TraceOptions ToOptions(ulong seed)
    {
        var (start, end) = Window is { } window ? TraceOptions.ParseWindow(window) : (null, null);
        return new TraceOptions
        {
            Read = new TraceReadOptions
            {
                Format = Format,
                Strict = Strict,
                Lenient = Lenient,
                ZeroTokens = ZeroTokens,
                Order = TraceOrder.Parse(Order),
            },
            WindowStart = start,
            WindowEnd = end,
            Sample = Sample,
            Limit = Limit,
            TimeScale = TimeScale,
            RateScale = RateScale,
            Arrivals = ArrivalSpec.Parse(Arrivals),
            Repeat = Repeat,
            Gap = Gap,
            Seed = seed,
        };
    }

    /// <summary>What was done to the trace, in words; null for nothing.</summary>
    public string? Changes()
    {
        var unchanged = new TraceConfig();
        string?[] parts =
        [
            Window is null ? null : $"window {Window}",
            Sample == 1 ? null : $"sample {ScalarText.Format(Sample)}",
            Limit is null ? null : $"first {ScalarText.Format(Limit)} requests",
            TimeScale == 1 ? null : $"times x {ScalarText.Format(TimeScale)}",
            RateScale == 1 ? null : $"rate x {ScalarText.Format(RateScale)}",
            Arrivals == unchanged.Arrivals ? null : $"arrivals {Arrivals}",
            Repeat == 1 ? null : $"played {ScalarText.Format(Repeat)} times",
        ];
        var text = string.Join(", ", parts.OfType<string>());
        return text.Length == 0 ? null : text;
    }

    /// <summary>Reports every value out of its range.</summary>
    public void Validate(Problems problems)
    {
        problems.Require(Path is not "", "trace.path", Path, "must name a file");
        if (Format != "auto" && !TraceFile.Formats.Contains(Format))
            problems.Require(false, "trace.format", Format, $"must be auto or one of {string.Join(", ", TraceFile.Formats)}");
        problems.Check("trace.arrivals", () => ArrivalSpec.Parse(Arrivals));
        problems.Check("trace.order", () => TraceOrder.Parse(Order));
        if (Window is { } window) problems.Check("trace.window", () => TraceOptions.ParseWindow(window));
        problems.Require(RateScale is >= 1e-6 and <= 1e6, "trace.rateScale", RateScale, "must be from 1e-6 to 1e6");
        problems.Require(TimeScale is >= 1e-6 and <= 1e6, "trace.timeScale", TimeScale, "must be from 1e-6 to 1e6");
        problems.Require(Sample is > 0 and <= 1, "trace.sample", Sample, "must be in (0, 1]");
        problems.Require(Limit is null or > 0, "trace.limit", Limit, "must be at least 1");
        problems.Require(Repeat >= 1, "trace.repeat", Repeat, "must be at least 1");
        problems.Require(Gap >= SimDuration.Zero, "trace.gap", Gap, "must not be negative");
        problems.Require(!(Strict && Lenient), "trace.lenient", Lenient, "must not be set together with trace.strict");
    }
}
