using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="EdfPolicy"/>.</summary>
/// <param name="DefaultTtftSeconds">TTFT limit of a request that has none.</param>
/// <param name="DefaultTbtSeconds">TBT limit of a request that has none.</param>
/// <param name="IsPreemptive">True gives each iteration to the earliest next-token deadlines, whoever ran before.</param>
/// <param name="BySlack">True orders by deadline less the estimated prefill still to do.</param>
/// <param name="DropLate">Refuses a request that can no longer make its first token in time.</param>
/// <param name="DemoteLate">Puts requests that can no longer make their next token in time behind all others.</param>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="MaxSequences">Requests that may hold KV (if not preemptive), and requests in a batch.</param>
/// <param name="Preemption">What happens to the KV of a request that loses its blocks.</param>
public sealed record EdfOptions(
    [Range(double.Epsilon, double.MaxValue)] double DefaultTtftSeconds = 1,
    [Range(double.Epsilon, double.MaxValue)] double DefaultTbtSeconds = 0.1,
    bool IsPreemptive = false,
    bool BySlack = false,
    bool DropLate = false,
    bool DemoteLate = false,
    [Range(1, int.MaxValue)] int TokenBudget = 2048,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    PreemptMode Preemption = PreemptMode.Recompute);

/// <summary>Every token has a deadline, arrival + TTFT limit + tokens before it times the TBT limit; the earliest goes first.</summary>
[Policy("edf", "Earliest token deadline first, with slack, drop-late, demote-late and preemptive options.", Paper = "Liu and Layland 1973")]
public sealed class EdfPolicy(EdfOptions options, ClusterShape shape) : IBatchPolicy
{
    private const long BehindAllOthers = long.MaxValue / 2;

    private readonly RequestOrder _running = new();
    private readonly RequestOrder _queue = new();
    private readonly RequestMap<SimDuration> _prefillTime = new();
    private readonly SimDuration _ttft = SimDuration.FromSeconds(options.DefaultTtftSeconds);
    private readonly SimDuration _tbt = SimDuration.FromSeconds(options.DefaultTbtSeconds);
    private SimTime _now;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        _now = view.Now;
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (options.DropLate) DropLate(view, plan);
        if (options.IsPreemptive)
        {
            if (plan.TryDecodeEverybody(view, Math.Min(cap, options.TokenBudget))) return;
            var all = _queue.From(view.Running).And(view.Swapped).And(view.Waiting).By(this, static (policy, request) => policy.Urgency(request));
            plan.RunMostUrgent(view, all, options.TokenBudget, cap, options.Preemption);
            return;
        }

        var atOnce = plan.TryDecodeAllAtOnce(DecodeOrder.Urgency, cap);
        var running = _running.From(atOnce ? view.Prefilling : view.Running).By(this, static (policy, request) => policy.Urgency(request));
        if (!atOnce) plan.DecodeEvictingLast(view, running, cap, options.Preemption);
        plan.ContinuePrefills(running, options.TokenBudget, cap);
        if (plan.PreemptCount > 0 || plan.ResidentCount >= options.MaxSequences || plan.TokenCount >= options.TokenBudget) return;

        var queue = _queue.From(view.Swapped).And(view.Waiting).By(this, static (policy, request) => policy.Urgency(request));
        plan.StartInOrder(queue, options.TokenBudget, cap, options.MaxSequences);

        // Who does not fit now fits less with every token, and stays first unless lateness counts.
        if (plan.IsDecodeOnly && !options.DropLate && !options.DemoteLate) plan.HoldUntilArrival();
    }

    public void OnArrived(in RequestView request) => Estimate(request);

    public void OnPreempted(in RequestView request) => Estimate(request);

    private void Estimate(in RequestView request) => _prefillTime[request] = shape.Cost.PrefillTime(Math.Max(1, request.RemainingPrefillTokens));

    private void DropLate(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Waiting)
            if (request.GeneratedTokens == 0 && IsLate(request)) plan.Reject(request, "its first token would be late");
    }

    private long Urgency(in RequestView request)
    {
        var key = options.BySlack ? Deadline(request) - PrefillLeft(request) : Deadline(request);
        return options.DemoteLate && IsLate(request) ? key + BehindAllOthers : key;
    }

    private bool IsLate(in RequestView request) => _now.Nanoseconds + PrefillLeft(request) > Deadline(request);

    private long PrefillLeft(in RequestView request) => request.IsPrefilling ? _prefillTime[request].Nanoseconds : 0;

    /// <summary>Of the next token, or of the whole answer where that is what was promised; in nanoseconds.</summary>
    private long Deadline(in RequestView request) => request is { SloKind: SloKind.Deadline, Slo.E2e: { } whole }
        ? (request.Arrival + whole).Nanoseconds
        : (request.Arrival + (request.Slo.Ttft ?? _ttft) + ((request.Slo.Tbt ?? _tbt) * request.GeneratedTokens)).Nanoseconds;
}
