namespace ServeSim.Reporting.Metrics;

/// <summary>Rates over the measured window; null where it has no length.</summary>
public sealed record Throughput
{
    /// <summary>Measured arrivals per second, from the first to the last of them.</summary>
    public required double? OfferedRequestsPerSecond { get; init; }
    public required double? RequestsPerSecond { get; init; }
    public required double? OutputTokensPerSecond { get; init; }

    /// <summary>Prompt and output tokens of finished requests.</summary>
    public required double? TotalTokensPerSecond { get; init; }

    /// <summary>Most tokens that came out in one second, the seconds counted from the first measured arrival.</summary>
    public required long MaxOutputTokensPerSecond { get; init; }

    /// <summary>Most requests in the system at once; at equal times departures go first.</summary>
    public required long MaxConcurrentRequests { get; init; }
}
