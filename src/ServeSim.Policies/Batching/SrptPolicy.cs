using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="SrptPolicy"/>.</summary>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="MaxSequences">Requests in a batch; paused ones beyond them keep their KV while memory lasts.</param>
/// <param name="Preemption">What happens to the KV of a request that loses its blocks.</param>
public sealed record SrptOptions([Range(1, int.MaxValue)] int TokenBudget = 2048, [Range(1, int.MaxValue)] int MaxSequences = 256, PreemptMode Preemption = PreemptMode.Recompute);

/// <summary>Before each iteration the requests with the fewest predicted tokens left take the batch, whoever ran before.</summary>
[Policy("srpt", "Shortest predicted remaining output first, preemptive per iteration.", Paper = "Schrage 1968; FastServe's and learning-to-rank's baseline")]
public sealed class SrptPolicy(SrptOptions options, ILengthPredictor predictor) : IBatchPolicy
{
    private readonly RequestOrder _order = new();

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (plan.TryDecodeEverybody(view, Math.Min(cap, options.TokenBudget))) return;
        var order = _order.From(view.Running).And(view.Swapped).And(view.Waiting).By(predictor, static (predictor, request) =>
            Math.Max(1, predictor.PredictOutputTokens(request) - (long)request.GeneratedTokens));
        plan.RunMostUrgent(view, order, options.TokenBudget, cap, options.Preemption);
    }

    public void OnFinished(in RequestView request) => predictor.OnFinished(request);
}
