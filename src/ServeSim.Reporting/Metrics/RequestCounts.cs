namespace ServeSim.Reporting.Metrics;

/// <summary>How the requests ended. All but <see cref="Simulated"/> are of measured requests.</summary>
public sealed record RequestCounts
{
    /// <summary>All arrivals, those of the warm-up included.</summary>
    public required long Simulated { get; init; }
    public required long Finished { get; init; }
    public required long Rejected { get; init; }
    public required long Unfinished { get; init; }

    /// <summary>Requests whose client gave up.</summary>
    public long Aborted { get; init; }

    /// <summary>Reasons of giving up in ordinal order.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> AbortedByReason { get; init; } = [];

    /// <summary>Reasons of refusal in ordinal order.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> RejectedByReason { get; init; }
    public required long Preemptions { get; init; }

    /// <summary>Preemptions of all measured requests for each that finished; null when none did.</summary>
    public double? PreemptionsPerFinished => Finished > 0 ? (double)Preemptions / Finished : null;

    public long Measured => Finished + Rejected + Aborted + Unfinished;
    public long Failed => Rejected + Aborted + Unfinished;
}
