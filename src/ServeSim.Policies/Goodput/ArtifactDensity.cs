using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>A request as the scheduler of JITServe's artifact rates it. Times in seconds.</summary>
/// <param name="Kind">What counts of it.</param>
/// <param name="InputTokens">Prompt tokens.</param>
/// <param name="BoundTokens">Predicted output.</param>
/// <param name="GeneratedTokens">Output so far.</param>
/// <param name="DeadlineSeconds">E2E limit.</param>
/// <param name="TtftSeconds">TTFT limit.</param>
/// <param name="WaitedSeconds">Time since its arrival.</param>
/// <param name="HasFirstToken">True once a token is out.</param>
/// <param name="Earned">What it has earned so far (<see cref="ArtifactTracker"/>).</param>
public readonly record struct ArtifactRequest(
    SloKind Kind, int InputTokens, int BoundTokens, int GeneratedTokens, double DeadlineSeconds, double TtftSeconds,
    double WaitedSeconds, bool HasFirstToken = false, double Earned = 0);

/// <summary>Reward per second of remaining work, as JITServe's artifact orders requests: densest first, then least work.</summary>
/// <param name="Reward">Reward of the request and its siblings.</param>
/// <param name="RemainSeconds">Engine time that they still need.</param>
public readonly record struct ArtifactDensity(double Reward, double RemainSeconds)
{
    private const double LeastRemain = 1e-6;
    private const double LeastRatio = 1e-6;
    private const double OutputWeight = 8;

    /// <summary>Larger goes first.</summary>
    public double Density => Reward / RemainSeconds;

    /// <summary>The density of a request; the calls of one task that are open together are rated together.</summary>
    public static ArtifactDensity Of(ReadOnlySpan<ArtifactRequest> siblings, double tokenSeconds, double penalty)
    {
        double remain = 0;
        foreach (ref readonly var one in siblings) remain += tokenSeconds * (one.BoundTokens - one.GeneratedTokens);
        remain = Math.Max(LeastRemain, remain);
        double reward = 0;
        foreach (ref readonly var one in siblings) reward += RewardOf(one, remain, tokenSeconds, penalty);
        return new(reward, remain);
    }

    /// <summary>Reward of one request when <paramref name="remainSeconds"/> of work are left.</summary>
    public static double RewardOf(in ArtifactRequest one, double remainSeconds, double tokenSeconds, double penalty)
    {
        var inTime = Faded(one.DeadlineSeconds, one.WaitedSeconds + remainSeconds, penalty);
        if (one.Kind != SloKind.Latency) return (one.InputTokens + (OutputWeight * one.BoundTokens)) * inTime;
        return one.HasFirstToken
            ? one.Earned + (OutputWeight * (one.BoundTokens - one.GeneratedTokens) * inTime)
            : (one.InputTokens * Faded(one.TtftSeconds, one.WaitedSeconds + tokenSeconds, penalty)) + (OutputWeight * one.BoundTokens * inTime);
    }

    /// <summary>1 up to the limit, then falling with the power of the penalty.</summary>
    internal static double Faded(double limit, double time, double penalty) => DetMath.Pow(Math.Clamp(limit / time, LeastRatio, 1), penalty);
}
