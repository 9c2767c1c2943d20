using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Experiments.Scenarios;

/// <summary>How results are measured.</summary>
public sealed record MetricsConfig
{
    /// <summary>Exact percentiles (memory grows with the trace) instead of sketches.</summary>
    public bool Exact { get; init; }

    /// <summary>Requests that arrive before this are simulated but not counted.</summary>
    public SimDuration Warmup { get; init; }

    /// <summary>Write iterations.csv too, one row an iteration.</summary>
    public bool Iterations { get; init; }

    /// <summary>Goodput by class as JITServe's paper defines it, or as the benchmark of its artifact counts.</summary>
    public GoodputMode GoodputMode { get; init; }

    internal void Validate(Problems problems) =>
        problems.Require(Warmup >= SimDuration.Zero, "metrics.warmup", Warmup, "must not be negative");
}
