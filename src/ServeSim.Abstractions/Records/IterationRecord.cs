namespace ServeSim.Abstractions;

/// <summary>One forward pass.</summary>
public readonly record struct IterationRecord
{
    /// <summary>Makes a record.</summary>
    public IterationRecord() { }

    /// <summary>Instance that ran it.</summary>
    public required int Instance { get; init; }

    /// <summary>When it started.</summary>
    public required SimTime Start { get; init; }

    /// <summary>When it ended.</summary>
    public required SimTime End { get; init; }

    /// <summary>Prompt tokens computed, on all layers or on some.</summary>
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

    /// <summary>Prompt tokens that have layers left to cross; they are computed once they have left the last one.</summary>
    public int PendingTokens { get; init; }

    /// <summary>Share of the layers that the prompt tokens crossed, in the mean over tokens.</summary>
    public double LayerShare { get; init; } = 1;

    /// <summary>Tokens on the instance whose activations wait for their next layers when it ends.</summary>
    public int CarriedTokens { get; init; }

    /// <summary>Routed experts read, summed over the layers; null where every layer saw all tokens.</summary>
    public double? ExpertReads { get; init; }
}
