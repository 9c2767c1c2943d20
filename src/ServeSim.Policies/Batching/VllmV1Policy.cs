using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Who comes first and who is preempted.</summary>
public enum VllmV1Order
{
    /// <summary>First come first served; the latest admission is preempted.</summary>
    Fcfs,

    /// <summary>By priority, then arrival; the least urgent request is preempted, even if this plan uses it.</summary>
    Priority,
}

/// <summary>Options of <see cref="VllmV1Policy"/>.</summary>
/// <param name="TokenBudget">Tokens of one iteration; the engine sets 8192 on servers of the H100 class.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="Order">Who comes first and who is preempted.</param>
/// <param name="LongPrefillTokens">Longest chunk of one request; 0 is no limit.</param>
/// <param name="ChunkedPrefill">False admits only whole prompts; one longer than the budget runs alone.</param>
public sealed record VllmV1Options(
    [Range(1, int.MaxValue)] int TokenBudget = 2048,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    VllmV1Order Order = VllmV1Order.Fcfs,
    [Range(0, int.MaxValue)] int LongPrefillTokens = 0,
    bool ChunkedPrefill = true);

/// <summary>One token budget without phases: every request wants its known tokens computed, running ones first.</summary>
[Policy("vllm-v1", "One token budget for prefill and decode, running requests first (vLLM 1.x engine).", Paper = "vLLM V1 engine")]
public sealed class VllmV1Policy(VllmV1Options options) : IBatchPolicy
{
    private readonly RequestOrder _running = new();
    private readonly RequestOrder _waiting = new();
    private readonly RequestOrder _victims = new();

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        plan.HoldUntilArrival();    // who does not fit now fits less with every token
        if (!TryContinue(view, plan) || plan.TokenCount >= options.TokenBudget || plan.ResidentCount >= options.MaxSequences) return;

        if (options.Order == VllmV1Order.Priority)
        {
            foreach (var request in _waiting.From(view.Waiting).By(static request => -(long)request.Priority))
                if (!TryAdmit(request, plan)) break;
        }
        else
        {
            foreach (var request in view.Waiting)
                if (!TryAdmit(request, plan)) break;
        }
    }

    /// <summary>Running requests in list order; false if memory ran out.</summary>
    private bool TryContinue(in InstanceView view, BatchPlan plan)
    {
        var atOnce = plan.TryDecodeAllAtOnce(DecodeOrder.Running, options.TokenBudget);
        var running = _running.From(atOnce ? view.Prefilling : view.Running).Requests;
        foreach (var request in running)
        {
            if (plan.TokenCount >= options.TokenBudget) break;
            if (plan.IsPreempted(request)) continue;
            while (!TryRun(request, plan))
            {
                var victims = _victims.From(view.Running).Requests;
                var victim = Victim(victims, plan);
                if (victim == request && victims.Length < view.Running.Count) return false;    // it waits for those in flight
                plan.Withdraw(victim);
                plan.Preempt(victim);
                if (victim == request) return false;
            }
        }

        return plan.PreemptCount == 0;
    }

    private bool TryRun(in RequestView request, BatchPlan plan) =>
        request.IsPrefilling ? plan.TryPrefill(request, Chunk(request, plan)) > 0 : plan.TryDecode(request);

    private bool TryAdmit(in RequestView request, BatchPlan plan)
    {
        if (plan.TokenCount >= options.TokenBudget || plan.ResidentCount >= options.MaxSequences) return false;
        if (options.ChunkedPrefill) return plan.TryPrefill(request, Chunk(request, plan)) > 0;
        var prompt = Math.Min(request.RemainingPrefillTokens, Longest);
        return (plan.TokenCount == 0 || plan.TokenCount + (long)prompt <= options.TokenBudget) && plan.TryPrefill(request, prompt) > 0;
    }

    private int Longest => options.LongPrefillTokens > 0 ? options.LongPrefillTokens : int.MaxValue;

    private int Chunk(in RequestView request, BatchPlan plan) =>
        Math.Min(Math.Min(request.RemainingPrefillTokens, Longest), options.TokenBudget - plan.TokenCount);

    private RequestView Victim(ReadOnlySpan<RequestView> running, BatchPlan plan)
    {
        var victim = -1;
        for (var i = running.Length - 1; i >= 0; i--)
        {
            if (plan.IsPreempted(running[i])) continue;
            if (options.Order == VllmV1Order.Fcfs) return running[i];
            if (victim < 0 || (running[i].Priority, -running[i].Number).CompareTo((running[victim].Priority, -running[victim].Number)) < 0) victim = i;
        }

        return running[victim];
    }
}
