namespace ServeSim.Reporting.Metrics;

/// <summary>How the requests ended. All but <see cref="Simulated"/> are of measured requests.</summary>
public sealed record RequestCounts
{
    /// <summary>All arrivals, those of the warm-up included.</summary>
    public required long Simulated { get; init; }
    public required long Finished { get; init; }
    public required long Rejected { get; init; }
    public required long Unfinished { get; init; }

    /// <summary>Reasons of refusal in ordinal order.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> RejectedByReason { get; init; }
    public required long Preemptions { get; init; }

    public long Measured => Finished + Rejected + Unfinished;
    public long Failed => Rejected + Unfinished;
}
