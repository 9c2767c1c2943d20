using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>When the prompts of one admission round are too many.</summary>
public enum PrefillCap
{
    /// <summary>A request that would pass the cap ends the round, unless it is the first.</summary>
    NotPassed,

    /// <summary>The round ends once the cap is reached; only prompts count (the paper's stand-alone simulator).</summary>
    UntilReached,
}

/// <summary>Who loses its KV, and when.</summary>
public enum EvictionRule
{
    /// <summary>Before an iteration whose tokens would not fit: the newest arrival. It computes prompt and tokens again.</summary>
    NewestBeforeStep,

    /// <summary>
    /// After an iteration that has passed the capacity: the latest admission, whose later prefill restores its KV and yields no token (the
    /// paper's stand-alone simulator). It wants a <see cref="IntervalOptions.CapacityTokens"/> below what the instance really holds.
    /// </summary>
    TailAfterStep,
}

/// <summary>What schedulers that admit at intervals have in common.</summary>
public record IntervalOptions
{
    /// <summary>Decode iterations between two attempts to admit.</summary>
    [Range(0, int.MaxValue)]
    public int Interval { get; init; } = 10;

    /// <summary>Prompt tokens of one admission round.</summary>
    [Range(1, int.MaxValue)]
    public int MaxPrefillTokens { get; init; } = 32_768;

    /// <summary>When that is too many.</summary>
    public PrefillCap PrefillCap { get; init; }

    /// <summary>Requests that may hold KV.</summary>
    [Range(1, int.MaxValue)]
    public int MaxSequences { get; init; } = 1000;

    /// <summary>At most one admission in a round.</summary>
    public bool OneAtATime { get; init; }

    /// <summary>Who loses its KV when memory runs out.</summary>
    public EvictionRule Eviction { get; init; }

    /// <summary>KV tokens that admission and eviction reckon with; by default all that the instance has.</summary>
    [Range(1, int.MaxValue)]
    public int? CapacityTokens { get; init; }
}

/// <summary>
/// Interval scheduling: prompts run alone, and only when nothing decodes or enough decode iterations have passed; a running request grows
/// token by token, and one is evicted when memory runs out. A subclass says who is admitted.
/// </summary>
public abstract class IntervalPolicy(IntervalOptions options) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private int _decodeIterations;

    public EngineLimits Limits => new(MaxSequenceTokens: options.CapacityTokens ?? int.MaxValue);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        CountHeld(view.HeldIterations);
        var capacity = options.CapacityTokens ?? view.CapacityTokens;
        if (options.Eviction == EvictionRule.TailAfterStep && TryEvictTail(view, plan, capacity)) return;    // asked again at once

        if (view.Running.IsEmpty || _decodeIterations >= options.Interval)
        {
            _decodeIterations = 0;
            Admit(view, plan, capacity);
            if (plan.SequenceCount > 0) return;
        }

        plan.DecodeAllPreemptingNewest(_order, view);
        if (plan.DecodeCount > 0) _decodeIterations++;
        if (options.Eviction != EvictionRule.NewestBeforeStep) return;
        if (view.Waiting.IsEmpty) plan.HoldUntilArrival();
        else plan.HoldFor(1 + Math.Max(0, options.Interval - _decodeIterations));
    }

    /// <summary>Decode iterations for which nobody asked: the count starts again whenever it was reached with nobody waiting.</summary>
    private void CountHeld(int iterations)
    {
        if (iterations > 0) _decodeIterations = 1 + (int)((_decodeIterations - 1L + iterations) % Math.Max(1, options.Interval));
    }

    public virtual void OnFinished(in RequestView request) { }

    /// <summary>A round begins: looks at the running requests.</summary>
    protected abstract void BeginRound(in InstanceView view, long capacity);

    /// <summary>True if the candidate may join those that run and those that this round has admitted; from then on it is one of them.</summary>
    protected abstract bool Admits(in RequestView candidate);

    /// <summary>KV tokens in use, whole blocks.</summary>
    protected static long UsedTokens(in InstanceView view) => (long)(view.TotalBlocks - view.FreeBlocks) * view.BlockSize;

    private void Admit(in InstanceView view, BatchPlan plan, long capacity)
    {
        if (view.Waiting.IsEmpty) return;
        BeginRound(view, capacity);
        var prompts = 0L;
        foreach (var request in view.Waiting)
        {
            if (plan.ResidentCount >= options.MaxSequences || (options.OneAtATime && plan.SequenceCount > 0)) break;
            var tokens = request.RemainingPrefillTokens;
            if (options.PrefillCap == PrefillCap.UntilReached ? prompts >= options.MaxPrefillTokens
                : plan.SequenceCount > 0 && plan.TokenCount + (long)tokens > options.MaxPrefillTokens) break;
            if (!Admits(request))
            {
                plan.RejectIfHopeless(view, request, "the admission rule refuses it even on an empty instance");
                break;
            }

            if (plan.TryPrefill(request, tokens) == 0) break;
            prompts += request.InputTokens;
        }
    }

    private static bool TryEvictTail(in InstanceView view, BatchPlan plan, long capacity)
    {
        var used = UsedTokens(view);
        foreach (var request in view.Running.Reversed())
        {
            // Whoever is alone stays, or it would come back and go for ever: whole blocks may be more than the capacity of its tokens.
            if (used <= capacity || plan.PreemptCount == view.Running.Count - 1) break;
            used -= (long)request.OwnedBlocks * view.BlockSize;
            plan.Preempt(request, PreemptMode.RecomputeCached);
        }

        return plan.PreemptCount > 0;
    }
}
