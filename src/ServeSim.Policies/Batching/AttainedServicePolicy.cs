using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="AttainedServicePolicy"/>.</summary>
/// <param name="QuantumTokens">Service is counted in steps of so many tokens.</param>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="MaxSequences">Requests in a batch; paused ones beyond them keep their KV while memory lasts.</param>
/// <param name="Preemption">What happens to the KV of a request that loses its blocks.</param>
public sealed record AttainedServiceOptions(
    [Range(1, int.MaxValue)] int QuantumTokens = 400,
    [Range(1, int.MaxValue)] int TokenBudget = 2048,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    PreemptMode Preemption = PreemptMode.Recompute);

/// <summary>
/// Before each iteration the requests that have been served least take the batch; among equals the first come. A request is
/// its own program.
/// </summary>
[Policy("attained-service", "Least attained service first, in quanta of tokens.", Paper = "Luo et al., Autellix, 2025")]
public sealed class AttainedServicePolicy(AttainedServiceOptions options) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private readonly RequestMap<(long Tokens, int Context)> _served = new();

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (plan.TryDecodeEverybody(view, Math.Min(cap, options.TokenBudget))) return;
        var order = _order.From(view.Running).And(view.Swapped).And(view.Waiting)
            .By(this, static (policy, request) => policy.Level(request));

        // Two prompts of many quanta could take the memory from each other for ever; the one that has run longest keeps it from newcomers.
        RequestView? keeper = view.Running.TryFirst(out var oldest) ? oldest : null;
        plan.RunMostUrgent(view, order, options.TokenBudget, cap, options.Preemption, keeper);
    }

    /// <summary>What is computed again is service too: what counted on lost KV alone would come back to the front for ever.</summary>
    public void OnPreempted(in RequestView request) => _served[request].Context = request.ContextTokens;

    /// <summary>Service is what the context has grown by; every plan that preempts has looked at it.</summary>
    private long Level(in RequestView request)
    {
        ref var served = ref _served[request];
        served = (served.Tokens + request.ContextTokens - served.Context, request.ContextTokens);
        return served.Tokens / options.QuantumTokens;
    }
}
