using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Tenants;

namespace ServeSim.Reporting.Metrics;

/// <summary>Everything measured of one run. Latencies are of finished requests only; the counts say what they leave out.</summary>
public sealed record RunSummary
{
    public required RequestCounts Requests { get; init; }
    public required MeasuredWindow Window { get; init; }
    public required TokenTotals Tokens { get; init; }
    public required Throughput Throughput { get; init; }

    /// <summary>Null when no measured request had a limit.</summary>
    public required SloSummary? Slo { get; init; }

    /// <summary>Null with fewer than two tenants.</summary>
    public FairnessSummary? Fairness { get; init; }

    /// <summary>First token minus arrival.</summary>
    public required LatencySummary Ttft { get; init; }

    /// <summary>Every gap between two tokens, all requests pooled; vLLM's "itl".</summary>
    public required LatencySummary Tbt { get; init; }

    /// <summary>Mean gap of each request with two tokens or more.</summary>
    public required LatencySummary Tpot { get; init; }

    /// <summary>Last token minus arrival; vLLM's "e2el".</summary>
    public required LatencySummary E2e { get; init; }

    /// <summary>First iteration minus arrival.</summary>
    public required LatencySummary QueueDelay { get; init; }

    /// <summary>E2E per output token.</summary>
    public required LatencySummary NormalizedLatency { get; init; }

    public required IterationSummary Iterations { get; init; }
    public required OverloadSummary Overload { get; init; }

    /// <summary>Null for a dense model.</summary>
    public ExpertSummary? Experts { get; init; }

    /// <summary>Null when neither power nor prices were given.</summary>
    public EnergySummary? Energy { get; init; }
}
