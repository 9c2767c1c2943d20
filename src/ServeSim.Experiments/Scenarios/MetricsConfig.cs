using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;

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

    /// <summary>Service of a prompt token in the comparison of tenants.</summary>
    public double InputPrice { get; init; } = 1;

    /// <summary>Service of an output token in the comparison of tenants.</summary>
    public double OutputPrice { get; init; } = 2;

    internal void Validate(Problems problems)
    {
        problems.Require(Warmup >= SimDuration.Zero, "metrics.warmup", Warmup, "must not be negative");
        problems.Require(InputPrice is >= 0 and <= 1e6, "metrics.inputPrice", InputPrice, "must be from 0 to 1e6");
        problems.Require(OutputPrice is >= 0 and <= 1e6, "metrics.outputPrice", OutputPrice, "must be from 0 to 1e6");
    }
}
