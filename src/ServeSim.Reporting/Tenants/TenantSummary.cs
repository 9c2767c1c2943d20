using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Tenants;

/// <summary>What one tenant got. Tokens and latencies are of its finished requests.</summary>
public sealed record TenantSummary
{
    public required string Name { get; init; }

    /// <summary>Its share relative to the others.</summary>
    public required double Weight { get; init; }

    public required long Finished { get; init; }
    public required long Rejected { get; init; }
    public required long Aborted { get; init; }
    public required long Unfinished { get; init; }
    public required long InputTokens { get; init; }
    public required long OutputTokens { get; init; }
    public required double? OutputTokensPerSecond { get; init; }

    /// <summary>Priced tokens received, also by requests that were given up or cut off; not divided by the weight.</summary>
    public required double Service { get; init; }

    /// <summary>Null when none of its requests had a limit.</summary>
    public required SloSummary? Slo { get; init; }

    public required LatencySummary Ttft { get; init; }
    public required LatencySummary E2e { get; init; }

    /// <summary>Its measured requests.</summary>
    public long Measured => Finished + Rejected + Aborted + Unfinished;
}
