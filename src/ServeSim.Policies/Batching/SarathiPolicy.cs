using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>In which order running requests are visited, and so who is preempted first (the last).</summary>
public enum RunningOrder
{
    /// <summary>By arrival, as the released scheduler keeps them.</summary>
    Arrival,

    /// <summary>Those left out of the last batch by arrival, then that batch's order (Vidur).</summary>
    LastBatch,
}

/// <summary>Options of <see cref="SarathiPolicy"/>.</summary>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="MaxSequences">Requests that may hold KV, and requests in a batch.</param>
/// <param name="Watermark">Share of the blocks that an admission leaves free.</param>
/// <param name="Order">Order of the running requests.</param>
/// <param name="Preemption">What happens to the KV of a preempted request.</param>
/// <param name="DynamicHigh">With a value, the budget falls in stairs from this with a prompt's progress.</param>
/// <param name="DynamicLow">Lowest stair.</param>
/// <param name="DynamicStages">Number of stairs.</param>
/// <param name="DynamicPromptTokens">Prompt progress at which the lowest stair begins to hold for good.</param>
public sealed record SarathiOptions(
    [Range(1, int.MaxValue)] int TokenBudget = 512,
    [Range(1, int.MaxValue)] int MaxSequences = 128,
    [Range(0.0, 1.0)] double Watermark = 0.01,
    RunningOrder Order = RunningOrder.Arrival,
    PreemptMode Preemption = PreemptMode.Recompute,
    [Range(32, int.MaxValue)] int? DynamicHigh = null,
    [Range(32, int.MaxValue)] int DynamicLow = 256,
    [Range(1, int.MaxValue)] int DynamicStages = 4,
    [Range(1, int.MaxValue)] int DynamicPromptTokens = 8192);

/// <summary>Stall-free batching: every decode first, then prefill chunks up to a token budget.</summary>
[Policy("sarathi", "Chunked prefill with stall-free decodes under a token budget.", Paper = "Agrawal et al., Sarathi-Serve, OSDI 2024")]
public sealed class SarathiPolicy(SarathiOptions options) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private readonly RequestMap<(long Iteration, int Place)> _lastBatch = new();
    private long _iteration;

    public EngineLimits Limits { get; } = new(Watermark: options.Watermark);

    public bool ObservesIterations => options.Order == RunningOrder.LastBatch;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        var atOnce = options.Order == RunningOrder.Arrival && plan.TryDecodeAllAtOnce(DecodeOrder.Arrival, cap, spareBlocks: 1);
        _order.From(atOnce ? view.Prefilling : view.Running);
        var running = options.Order == RunningOrder.Arrival ? _order.ByArrival() : _order.By(this, static (policy, request) => policy.PlaceInLastBatch(request));
        if (!atOnce) plan.DecodeInOrder(running, cap, options.Preemption);
        if (options.Order == RunningOrder.Arrival) plan.HoldUntilArrival();    // who does not fit now fits less with every token

        foreach (var request in running)
        {
            if (plan.SequenceCount >= cap) break;
            if (request.IsPrefilling && !plan.IsPreempted(request)) plan.TryPrefill(request, Chunk(request, plan));
        }

        if (options.Preemption == PreemptMode.Swap && !TrySwapIn(view, plan, cap)) return;
        for (var i = plan.PreemptCount - 1; i >= 0; i--)
            if (!TryAdmit(plan.Preempted(i), plan, cap)) return;
        foreach (var request in view.Waiting)
            if (!TryAdmit(request, plan, cap)) return;
    }

    /// <summary>Nobody is admitted past a request whose KV lies on the host, or in an iteration that sent one there.</summary>
    private bool TrySwapIn(in InstanceView view, BatchPlan plan, int cap)
    {
        if (plan.PreemptCount > 0) return false;
        foreach (var request in view.Swapped)
        {
            if (plan.ResidentCount >= options.MaxSequences || plan.SequenceCount >= cap || !plan.TrySwapIn(request)) return false;
            plan.TryDecode(request);
        }

        return true;
    }

    /// <summary>Blocks for the whole prompt at once, then the first chunk.</summary>
    private bool TryAdmit(in RequestView request, BatchPlan plan, int cap)
    {
        if (plan.ResidentCount >= options.MaxSequences || plan.SequenceCount >= cap || Chunk(request, plan) <= 0) return false;
        if (!plan.Reserve(request, plan.PrefillTokensOf(request))) return false;
        plan.TryPrefill(request, Chunk(request, plan));
        return true;
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        if (options.Order != RunningOrder.LastBatch) return;
        _iteration++;
        for (var i = 0; i < iteration.Entries.Length; i++)
            if (iteration.TryGetRequest(iteration.Entries[i], out var request)) _lastBatch[request] = (_iteration, i);
    }

    private long PlaceInLastBatch(RequestView request)
    {
        var (batch, place) = _lastBatch[request];
        return batch == _iteration ? place : request.Arrival.Nanoseconds - long.MaxValue;
    }

    /// <summary>What the budget leaves for a chunk; decodes alone may exceed it, then nothing is left.</summary>
    private int Chunk(in RequestView request, BatchPlan plan)
    {
        var budget = options.TokenBudget;
        if (options.DynamicHigh is { } high)
        {
            var stage = Math.Min(options.DynamicStages - 1L, (long)plan.ContextTokensOf(request) * options.DynamicStages / options.DynamicPromptTokens);
            var size = high - ((high - options.DynamicLow) * stage / Math.Max(1, options.DynamicStages - 1));
            budget = (int)Math.Max(32, (size + 16) / 32 * 32);
        }

        return budget - plan.TokenCount;
    }
}
