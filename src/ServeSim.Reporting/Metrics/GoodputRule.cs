using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>What of a request counts.</summary>
/// <param name="IsGood">It met its SLO.</param>
/// <param name="InputTokens">Prompt tokens that count.</param>
/// <param name="OutputTokens">Output tokens that count.</param>
public readonly record struct GoodputShare(bool IsGood, long InputTokens, long OutputTokens)
{
    /// <summary>Value of an input token in the weighted form (JITServe's artifact).</summary>
    public const long InputWeight = 1;

    /// <summary>Value of an output token in the weighted form.</summary>
    public const long OutputWeight = 8;

    /// <summary>Tokens that count.</summary>
    public long Tokens => InputTokens + OutputTokens;

    /// <summary>Their value.</summary>
    public long Weighted => (InputWeight * InputTokens) + (OutputWeight * OutputTokens);
}

/// <summary>Goodput of one request by its kind (JITServe, NSDI 2026, and the benchmark of its artifact).</summary>
public static class GoodputRule
{
    /// <summary>What counts of a request that has ended.</summary>
    public static GoodputShare Of(in RequestRecord request, GoodputMode mode = GoodputMode.Paper) => request.SloKind switch
    {
        SloKind.Latency => Latency(request, mode),
        SloKind.Deadline when request.Outcome == RequestOutcome.Finished && (request.Slo.E2e is not { } limit || request.E2e <= limit) =>
            new(true, request.InputTokens, request.GeneratedTokens),
        _ => default,
    };

    /// <summary>
    /// Token i counts if it is out by arrival + TTFT limit + i times the pace, the prompt if the first one is; late tokens do
    /// not poison later ones. Good is a finished request with its first token and every gap within the limits.
    /// </summary>
    private static GoodputShare Latency(in RequestRecord request, GoodputMode mode)
    {
        var isFinished = request.Outcome == RequestOutcome.Finished;
        if (request.Outcome == RequestOutcome.Rejected || (mode == GoodputMode.Artifact && !isFinished)) return default;    // nothing refused counts
        var isFirstOnTime = request.Ttft is { } first && (request.Slo.Ttft is not { } limit || first <= limit);
        var isPaced = (request.Slo.Tbt is not { } tbt || request.MaxTbt <= tbt) && (request.Slo.Tpot is not { } tpot || request.Tpot is not { } mean || mean <= tpot);
        var isGood = isFinished && ((isFirstOnTime && isPaced) || (mode == GoodputMode.Artifact && request.Slo.E2e is { } e2e && request.E2e <= e2e));
        var output = request.OnTimeTokens - (mode == GoodputMode.Artifact && isFirstOnTime ? 1 : 0);
        return new(isGood, isFirstOnTime ? request.InputTokens : 0, output);
    }
}
