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
    private readonly RequestMap<long> _served = new();

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var order = _order.From(view.Running).And(view.Swapped).And(view.Waiting)
            .By(this, static (policy, request) => policy.Level(request));

        // Two prompts of many quanta could take the memory from each other for ever; the one that has run longest keeps it from newcomers.
        RequestView? keeper = view.Running.TryFirst(out var oldest) ? oldest : null;
        plan.RunMostUrgent(view, order, options.TokenBudget, Math.Max(1, options.MaxSequences / view.PipelineStages), options.Preemption, keeper);
    }

    /// <summary>What is computed again after a preemption is service too: what counted on lost KV alone would come back to the front for ever.</summary>
    public void OnIterationEnd(in IterationView iteration)
    {
        foreach (ref readonly var entry in iteration.Entries)
            if (iteration.TryGetRequest(entry, out var request)) _served[request] += entry.Tokens;
    }

    private long Level(in RequestView request) => _served[request] / options.QuantumTokens;
}
