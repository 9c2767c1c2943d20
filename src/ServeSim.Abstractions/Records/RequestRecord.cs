namespace ServeSim.Abstractions;

/// <summary>The life of one request, complete when it ends.</summary>
public readonly record struct RequestRecord
{
    /// <summary>Position in arrival order.</summary>
    public required long Number { get; init; }

    /// <summary>Name in the source, or null.</summary>
    public required string? Id { get; init; }

    /// <summary>How it ended.</summary>
    public required RequestOutcome Outcome { get; init; }

    /// <summary>Why it was refused or given up; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>When it reached the gateway.</summary>
    public required SimTime Arrival { get; init; }

    /// <summary>Prompt tokens.</summary>
    public required int InputTokens { get; init; }

    /// <summary>Tokens it was to generate.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>Tokens it did generate.</summary>
    public required int GeneratedTokens { get; init; }

    /// <summary>Instance it was routed to, or -1.</summary>
    public required int Instance { get; init; }

    /// <summary>Start of its first iteration.</summary>
    public SimTime? Scheduled { get; init; }

    /// <summary>When its first token came out.</summary>
    public SimTime? FirstToken { get; init; }

    /// <summary>When its last token came out; null unless finished.</summary>
    public SimTime? Finished { get; init; }

    /// <summary>When it finished, was refused or given up, or when the run stopped.</summary>
    public SimTime Ended { get; init; }

    /// <summary>Largest gap between two tokens; zero with fewer than two tokens.</summary>
    public SimDuration MaxTbt { get; init; }

    /// <summary>How often it lost its place on the GPU.</summary>
    public int Preemptions { get; init; }

    /// <summary>Tokens whose KV was dropped and had to be computed again.</summary>
    public long RecomputedTokens { get; init; }

    /// <summary>Prompt tokens found in a prefix cache.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens out by arrival + TTFT limit + (i-1) x TBT limit; all of them where no such limit is set.</summary>
    public int OnTimeTokens { get; init; }

    /// <summary>Who pays for it; null is the default tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>Name of its service class, or null.</summary>
    public string? SloClass { get; init; }

    /// <summary>Its limits, those of the run filled in.</summary>
    public required SloLimits Slo { get; init; }

    /// <summary>Time to first token.</summary>
    public SimDuration? Ttft => FirstToken - Arrival;

    /// <summary>Arrival to last token.</summary>
    public SimDuration? E2e => Finished - Arrival;

    /// <summary>Mean time per token after the first, rounded half to even; null for one-token outputs and unfinished requests.</summary>
    public SimDuration? Tpot => Finished is { } end && FirstToken is { } first && GeneratedTokens > 1
        ? (end - first).DividedBy(GeneratedTokens - 1)
        : null;

    /// <summary>True if it finished within every limit. A one-token output meets any TPOT and TBT limit.</summary>
    public bool MeetsSlo => Outcome == RequestOutcome.Finished
        && (Slo.Ttft is not { } ttft || Ttft <= ttft)
        && (Slo.Tbt is not { } tbt || MaxTbt <= tbt)
        && (Slo.Tpot is not { } tpot || GeneratedTokens == 1 || (Finished!.Value - FirstToken!.Value).Nanoseconds <= (Int128)tpot.Nanoseconds * (GeneratedTokens - 1))
        && (Slo.E2e is not { } e2e || E2e <= e2e);
}

/// <summary>How a request ended.</summary>
public enum RequestOutcome : byte
{
    /// <summary>All its tokens came out.</summary>
    Finished,

    /// <summary>Refused by the engine, the router or the policy.</summary>
    Rejected,

    /// <summary>The run stopped before it ended.</summary>
    Unfinished,

    /// <summary>Its client gave up; the tokens that had come out are counted in the record.</summary>
    Aborted,
}
