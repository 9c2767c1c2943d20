namespace ServeSim.Abstractions;

/// <summary>One forward pass.</summary>
public readonly record struct IterationRecord
{
    /// <summary>Instance that ran it.</summary>
    public required int Instance { get; init; }

    /// <summary>When it started.</summary>
    public required SimTime Start { get; init; }

    /// <summary>When it ended.</summary>
    public required SimTime End { get; init; }

    /// <summary>Prompt tokens computed.</summary>
    public required int PrefillTokens { get; init; }

    /// <summary>Requests that computed a prefill chunk.</summary>
    public required int PrefillSequences { get; init; }

    /// <summary>Requests that decoded.</summary>
    public required int DecodeSequences { get; init; }

    /// <summary>Tokens that came out.</summary>
    public required int EmittedTokens { get; init; }

    /// <summary>KV blocks in use while it ran.</summary>
    public required int UsedBlocks { get; init; }

    /// <summary>Requests waiting on the instance when it started.</summary>
    public required int WaitingRequests { get; init; }

    /// <summary>Requests preempted by its plan.</summary>
    public required int Preemptions { get; init; }

    /// <summary>Bytes of KV copied to or from host memory for it.</summary>
    public required long SwappedBytes { get; init; }

    /// <summary>Causal (query, key) pairs of its chunks, as in <see cref="BatchShape.PrefillPairs"/>.</summary>
    public long PrefillPairs { get; init; }

    /// <summary>Tokens that its decodes had cached before it, as in <see cref="BatchShape.DecodeContextTokens"/>.</summary>
    public long DecodeContextTokens { get; init; }
}
