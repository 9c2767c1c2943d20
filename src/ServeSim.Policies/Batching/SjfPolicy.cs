using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>What a waiting request is judged by.</summary>
public enum SjfScore
{
    /// <summary>Predicted output, shortest first.</summary>
    Output,

    /// <summary>Prompt plus predicted output, shortest first.</summary>
    Work,

    /// <summary>Highest response ratio, (waited + work) / work: long ones age into their turn.</summary>
    ResponseRatio,
}

/// <summary>Options of <see cref="SjfPolicy"/>.</summary>
/// <param name="Score">What a request is judged by.</param>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="MaxSequences">Requests that may hold KV, and requests in a batch.</param>
/// <param name="Preemption">What happens to the KV of a request that loses its blocks.</param>
/// <param name="StarvationIterations">A request not run for so many iterations goes to the front; 0 is off (learned ranking uses 200).</param>
/// <param name="BoostIterations">For so many iterations of its own it then stays there.</param>
public sealed record SjfOptions(
    SjfScore Score = SjfScore.Output,
    [Range(1, int.MaxValue)] int TokenBudget = 2048,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    PreemptMode Preemption = PreemptMode.Recompute,
    [Range(0, int.MaxValue)] int StarvationIterations = 0,
    [Range(0, int.MaxValue)] int BoostIterations = 10);

/// <summary>The shortest predicted request is admitted first; who runs stays, unless memory runs out: then the longest goes.</summary>
[Policy("sjf", "Shortest predicted job first without preemption; response-ratio and starvation-guard options.",
    Paper = "Qiu et al., SSJF, 2024; Fu et al., learning to rank, NeurIPS 2024")]
public sealed class SjfPolicy(SjfOptions options, ILengthPredictor predictor) : IBatchPolicy
{
    private readonly RequestOrder _running = new();
    private readonly RequestOrder _queue = new();
    private readonly RequestMap<(long LastRun, int Boost)> _runs = new();
    private long _iteration;
    private SimTime _now;

    public bool ObservesIterations => options.StarvationIterations != 0;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        _now = view.Now;
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        var atOnce = plan.TryDecodeAllAtOnce(DecodeOrder.Urgency, cap);
        var running = _running.From(atOnce ? view.Prefilling : view.Running).By(this, static (policy, request) => policy.Score(request));
        if (!atOnce) plan.DecodeEvictingLast(view, running, cap, options.Preemption);
        plan.ContinuePrefills(running, options.TokenBudget, cap);
        if (plan.IsDecodeOnly && ((view.Waiting.IsEmpty && view.Swapped.IsEmpty) || plan.ResidentCount >= options.MaxSequences))
            plan.HoldUntilArrival();    // otherwise a score may change and another request come first
        if (plan.PreemptCount > 0 || plan.ResidentCount >= options.MaxSequences || plan.TokenCount >= options.TokenBudget) return;

        var queue = _queue.From(view.Swapped).And(view.Waiting).By(this, static (policy, request) => policy.Score(request));
        plan.StartInOrder(queue, options.TokenBudget, cap, options.MaxSequences);
    }

    public void OnArrived(in RequestView request) => _runs[request] = (_iteration, 0);

    public void OnFinished(in RequestView request) => predictor.OnFinished(request);

    public void OnIterationEnd(in IterationView iteration)
    {
        _iteration++;
        if (options.StarvationIterations == 0) return;
        foreach (ref readonly var entry in iteration.Entries)
        {
            if (!iteration.TryGetRequest(entry, out var request)) continue;
            ref var runs = ref _runs[request];
            var boost = runs.Boost > 0 ? runs.Boost - 1 : IsStarving(runs.LastRun + 1) ? options.BoostIterations - 1 : 0;
            runs = (_iteration, boost);
        }
    }

    private long Score(in RequestView request)
    {
        var (lastRun, boost) = _runs[request];
        if (boost > 0 || IsStarving(lastRun)) return long.MinValue;
        var output = predictor.PredictOutputTokens(request);
        var work = request.InputTokens + (long)output;
        return options.Score switch
        {
            SjfScore.Output => output,
            SjfScore.Work => work,
            _ => -((_now - request.Arrival).Nanoseconds / work),    // the largest (wait + c·work) / (c·work) has the largest wait / work
        };
    }

    private bool IsStarving(long lastRun) => options.StarvationIterations > 0 && _iteration - lastRun >= options.StarvationIterations;
}
