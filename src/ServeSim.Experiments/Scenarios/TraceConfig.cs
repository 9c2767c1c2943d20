using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Where requests come from and what is done to them before they arrive.</summary>
public sealed record TraceConfig
{
    /// <summary>Trace file, relative to the scenario file (to the working directory when a flag gives it); null is the bundled trace.</summary>
    public string? Path { get; init; }

    /// <summary>File format; auto looks at the first line.</summary>
    public string Format { get; init; } = "auto";

    /// <summary>Arrival process that replaces the trace's own times; null keeps them.</summary>
    public string? Arrivals { get; init; }

    /// <summary>Arrivals per second times this.</summary>
    public double RateScale { get; init; } = 1;

    /// <summary>At most this many requests.</summary>
    public long? Limit { get; init; }

    /// <summary>Part of the trace, as from..to.</summary>
    public string? Window { get; init; }

    /// <summary>Trace times times this, before everything else.</summary>
    public double TimeScale { get; init; } = 1;

    /// <summary>What becomes of requests without input or output tokens.</summary>
    public string ZeroTokens { get; init; } = "drop";

    /// <summary>What becomes of arrivals that go back in time.</summary>
    public string Order { get; init; } = "error";

    /// <summary>The first bad row stops the run.</summary>
    public bool Strict { get; init; }

    /// <summary>Any number of bad rows is passed over.</summary>
    public bool Lenient { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(Path is not "", "trace.path", Path, "must name a file");
        problems.Require(RateScale > 0, "trace.rateScale", RateScale, "must be above 0");
        problems.Require(TimeScale > 0, "trace.timeScale", TimeScale, "must be above 0");
        problems.Require(Limit is null or > 0, "trace.limit", Limit, "must be above 0");
        problems.Require(!(Strict && Lenient), "trace.lenient", Lenient, "must not be set together with trace.strict");
    }
}
