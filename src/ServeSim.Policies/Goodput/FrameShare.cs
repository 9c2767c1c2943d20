using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>What the analyser knows of a request at the start of a frame. Times in seconds.</summary>
/// <param name="Kind">What counts of it.</param>
/// <param name="InputTokens">Prompt tokens.</param>
/// <param name="GeneratedTokens">Output tokens so far.</param>
/// <param name="BoundTokens">Upper bound on its output, above <paramref name="GeneratedTokens"/>.</param>
/// <param name="NextDueSeconds">Time left until its next token is due; infinity if never. Of a latency request.</param>
/// <param name="PaceSeconds">Time that each further token may take; infinity if any. Of a latency request.</param>
/// <param name="LeftSeconds">Time left until its deadline. Of a deadline request.</param>
public readonly record struct FrameRequest(
    SloKind Kind, int InputTokens, int GeneratedTokens, int BoundTokens, double NextDueSeconds, double PaceSeconds, double LeftSeconds)
{
    /// <summary>A request as it stands now.</summary>
    public static FrameRequest Of(in RequestView request, int boundTokens, SimTime now) => new(
        request.SloKind, request.InputTokens, request.GeneratedTokens, boundTokens,
        request.TokenDue(request.GeneratedTokens) is { } due ? (due - now).Seconds : double.PositiveInfinity,
        request.Slo.Pace?.Seconds ?? double.PositiveInfinity,
        request.Slo.E2e is { } limit ? (request.Arrival + limit - now).Seconds : double.PositiveInfinity);
}

/// <summary>The least that a request needs of the engine in a frame to keep its promise, and what that is worth (JITServe, NSDI 2026).</summary>
/// <param name="Tokens">Tokens that it needs in the frame.</param>
/// <param name="Priority">Value per second of engine time.</param>
/// <param name="Gain">Value delivered in the frame.</param>
public readonly record struct FrameShare(int Tokens, double Priority, double Gain)
{
    private const double LeastSeconds = 1e-9;

    /// <summary>The share of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="tokenSeconds">Time of a decode iteration.</param>
    /// <param name="frameSeconds">Length of a frame.</param>
    /// <param name="inputWeight">Value of an input token.</param>
    /// <param name="outputWeight">Value of an output token.</param>
    public static FrameShare Of(in FrameRequest request, double tokenSeconds, double frameSeconds, double inputWeight, double outputWeight)
    {
        var left = Math.Max(1, request.BoundTokens - request.GeneratedTokens);
        switch (request.Kind)
        {
            case SloKind.Latency:
                var pace = double.IsPositiveInfinity(request.PaceSeconds) ? tokenSeconds : request.PaceSeconds;
                var need = (int)Math.Min(left, Math.Ceiling(frameSeconds / pace));
                var isPrefillInTime = request.GeneratedTokens == 0 && tokenSeconds <= request.NextDueSeconds;
                var value = (isPrefillInTime ? inputWeight * request.InputTokens : 0) + (outputWeight * OnTime(request, need, tokenSeconds));
                return new(need, value / (need * tokenSeconds), value);

            case SloKind.Deadline:
                var generation = left * tokenSeconds;
                var isFeasible = generation <= request.LeftSeconds;
                var whole = isFeasible ? (inputWeight * request.InputTokens) + (outputWeight * request.BoundTokens) : 0;
                var part = frameSeconds / Math.Max(request.LeftSeconds, LeastSeconds);
                return new((int)Math.Min(left, Math.Ceiling(left * part)), whole / generation, whole * Math.Min(1, part));

            default:
                return new(left, 0, 0);    // leftover capacity
        }
    }

    /// <summary>Of the next tokens, produced without a pause from now, those that come out when they are due.</summary>
    private static int OnTime(in FrameRequest request, int tokens, double tokenSeconds)
    {
        var count = 0;
        for (var k = 0; k < tokens; k++)
            if ((k + 1) * tokenSeconds <= request.NextDueSeconds + (k == 0 ? 0 : k * request.PaceSeconds)) count++;
        return count;
    }
}
