namespace ServeSim.Reporting.Metrics;

/// <summary>What the instances did from the first measured arrival on; shares are 0 to 1 and null where there is no base.</summary>
public sealed record IterationSummary
{
    public required long Count { get; init; }

    /// <summary>Iterations in which somebody decoded.</summary>
    public long Decodes { get; init; }
    public required double? MeanSequences { get; init; }

    /// <summary>Prompt tokens computed plus decoding sequences, per iteration.</summary>
    public required double? MeanTokens { get; init; }

    /// <summary>Decoding sequences among the tokens of all iterations.</summary>
    public required double? DecodeShare { get; init; }

    /// <summary>Time with an iteration in flight, mean over instances.</summary>
    public required double? BusyShare { get; init; }

    /// <summary>KV blocks in use, weighted by the time that iterations ran.</summary>
    public required double? MeanKvShare { get; init; }
    public required double? MaxKvShare { get; init; }

    /// <summary>Most requests waiting on all instances, seen by an arrival, itself included.</summary>
    public required int MaxWaitingRequests { get; init; }
    public required long SwappedBytes { get; init; }

    /// <summary>Most tokens of one instance that stood between two layers, their activations kept.</summary>
    public int MaxCarriedTokens { get; init; }

    /// <summary>Bytes of those activations on each device; they come out of the memory kept back for activations.</summary>
    public double MaxCarriedBytes { get; init; }
}
