using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>How the tokens of a prompt batch count against the budget.</summary>
public enum PromptBudget
{
    /// <summary>The sum of the prompts.</summary>
    Sum,

    /// <summary>Requests times the longest prompt: padding counts (older releases, and Vidur).</summary>
    Padded,
}

/// <summary>Options of <see cref="VllmPolicy"/>.</summary>
/// <param name="MaxSequences">Requests that may hold KV, and requests in a batch.</param>
/// <param name="MaxBatchedTokens">Prompt tokens of one iteration; by default the larger of 2048 and the model's context, as the engine sets it. A prompt longer than the budget runs alone.</param>
/// <param name="Budget">How prompts count against it.</param>
/// <param name="Watermark">Share of the blocks that an admission leaves free.</param>
/// <param name="Preemption">What happens to the KV of a preempted request.</param>
/// <param name="DelayFactor">Admit only if nothing runs or the oldest waiting request has waited this many times the last prompt iteration; 0 is off.</param>
public sealed record VllmOptions(
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int? MaxBatchedTokens = null,
    PromptBudget Budget = PromptBudget.Sum,
    [Range(0.0, 1.0)] double Watermark = 0.01,
    PreemptMode Preemption = PreemptMode.Recompute,
    [Range(0.0, double.MaxValue)] double DelayFactor = 0);

/// <summary>
/// Prefill first: while waiting prompts fit they run alone, in whole; otherwise every running request decodes, and the
/// latest arrival is preempted when blocks run out.
/// </summary>
[Policy("vllm", "Prefill-first continuous batching over paged KV (vLLM 0.x).", Paper = "Kwon et al., PagedAttention, SOSP 2023")]
public sealed class VllmPolicy(VllmOptions options, ClusterShape shape) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private readonly int _maxBatchedTokens = options.MaxBatchedTokens ?? Math.Max(2048, shape.MaxContextTokens);
    private SimDuration _lastPromptIteration;    // only the delay factor asks for it

    public EngineLimits Limits { get; } = new(Watermark: options.Watermark);

    public bool ObservesIterations => options.DelayFactor != 0;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (view.Swapped.IsEmpty && MayAdmit(view)) Admit(view, plan, cap);
        if (plan.SequenceCount > 0) return;

        if (!plan.TryDecodeAllAtOnce(DecodeOrder.Arrival, cap, spareBlocks: 1))
            plan.DecodeInOrder(_order.From(view.Running).ByArrival(), cap, options.Preemption);
        if (plan.PreemptCount > 0) return;

        if (options.DelayFactor == 0) plan.HoldUntilArrival();    // who does not fit now fits less with every token
        foreach (var request in view.Swapped)
        {
            if (plan.SequenceCount >= cap || plan.ResidentCount >= options.MaxSequences || !plan.TrySwapIn(request)) break;
            if (!request.IsPrefilling) plan.TryDecode(request);
        }
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        if (!iteration.Entries.IsEmpty && !iteration.Entries[0].IsDecode) _lastPromptIteration = iteration.Duration;
    }

    private bool MayAdmit(in InstanceView view) =>
        options.DelayFactor == 0 || view.Running.IsEmpty || !view.Waiting.TryFirst(out var oldest)
        || (view.Now - oldest.QueuedAt).Nanoseconds > options.DelayFactor * _lastPromptIteration.Nanoseconds;

    private void Admit(in InstanceView view, BatchPlan plan, int cap)
    {
        var longest = 0;
        foreach (var request in view.Waiting)
        {
            if (plan.SequenceCount >= cap || plan.ResidentCount >= options.MaxSequences) break;
            var prompt = request.RemainingPrefillTokens;
            longest = Math.Max(longest, prompt);
            var charged = options.Budget == PromptBudget.Padded
                ? (plan.SequenceCount + 1L) * longest
                : plan.TokenCount + (long)prompt;
            if (charged > _maxBatchedTokens && plan.SequenceCount > 0) break;
            if (plan.TryPrefill(request, prompt) == 0) break;
        }
    }
}
