using ServeSim.Abstractions;

namespace ServeSim.Policies.Forecasts;

/// <summary>Which (held, left) pair a peak forecast takes for a request.</summary>
public enum LoadConvention
{
    /// <summary>
    /// KV held now, or after the prefill of a waiting request, and the decodes still to come. It is what the engine will do, and the
    /// pair of the paper's stand-alone simulator, whose generated tokens are those with KV: one fewer than have come out.
    /// </summary>
    Exact,

    /// <summary>The paper's server: what is predicted, less the token about to come.</summary>
    Predicted,

    /// <summary>LightLLM's main branch: a fixed guess of 1.1 times what is generated, at least 1024, and six tokens of slack.</summary>
    FixedGuess,
}

/// <summary>The pairs that a <see cref="PeakForecast"/> is made of (Past-Future, ASPLOS 2025, and LightLLM).</summary>
public static class RequestLoad
{
    /// <summary>Least output length that the fixed guess assumes.</summary>
    public const int LeastGuessTokens = 1024;

    private const int GuessSlackTokens = 6;
    private const double GuessGrowth = 1.1;

    /// <summary>The pair of a request that is predicted to generate <paramref name="total"/> tokens and may generate <paramref name="cap"/>.</summary>
    public static (long Held, long Left) Of(
        LoadConvention convention, in RequestView request, int total, int cap, int leastGuess = LeastGuessTokens) => convention switch
        {
            LoadConvention.Exact => Exact(request, total),
            LoadConvention.Predicted => Predicted(request.InputTokens, request.GeneratedTokens, total, cap, request.State == RequestState.Waiting),
            _ => Guessed(request.KnownTokens, request.ContextTokens, request.GeneratedTokens, cap, leastGuess, isBusy: false),
        };

    /// <summary>KV held, and what is missing to the last token, whose own KV is never written.</summary>
    internal static (long Held, long Left) Exact(in RequestView request, int total)
    {
        var held = request.ContextTokens + (long)request.RemainingPrefillTokens;
        return (held, Math.Max(0, request.InputTokens + total - 1L - held));
    }

    /// <summary>The pair of the paper's server. A waiting request's prefill yields its first token at once.</summary>
    internal static (long Held, long Left) Predicted(int input, int generated, int predicted, int cap, bool isWaiting)
    {
        var total = Math.Min(cap, Math.Max(generated, predicted));
        return isWaiting
            ? (input + generated + 1L, Math.Max(0, total - generated - 2L))
            : (input + (long)generated, Math.Max(0, total - generated - 1L));
    }

    /// <summary>The pair of the main branch; a busy instance assumes that every output reaches its cap.</summary>
    internal static (long Held, long Left) Guessed(int known, int cached, int generated, int cap, int leastGuess, bool isBusy)
    {
        var total = isBusy ? cap : Math.Min(cap, Math.Max((int)(GuessGrowth * generated), leastGuess));
        return (Math.Max(known, cached) + 1L, Math.Max(0, total - generated - 1L) + GuessSlackTokens);
    }
}
