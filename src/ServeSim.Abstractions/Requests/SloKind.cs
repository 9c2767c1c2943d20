namespace ServeSim.Abstractions;

/// <summary>What makes a request worth serving, and so how its goodput counts (JITServe, NSDI 2026).</summary>
public enum SloKind : byte
{
    /// <summary>A first token by the TTFT limit and then a steady pace: each token counts that is out when it is due.</summary>
    Latency,

    /// <summary>The whole answer by the E2E limit: all tokens count, or none.</summary>
    Deadline,

    /// <summary>No promise: nothing counts.</summary>
    BestEffort,
}
