using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Goodput;

namespace ServeSim.Policies.Batching;

/// <summary>What becomes of a running request that has had its share of a frame.</summary>
public enum JitMode
{
    /// <summary>It goes on.</summary>
    Frame,

    /// <summary>It leaves its slot to others until the frame ends and keeps its KV (just enough).</summary>
    Jit,
}

/// <summary>How the batch of a frame is chosen.</summary>
public enum JitSelection
{
    /// <summary>By value per second, grouped by prompt length (GMAX).</summary>
    Gmax,

    /// <summary>Fewest tokens left first: what is left without GMAX.</summary>
    ShortestFirst,
}

/// <summary>Options of <see cref="JitServePolicy"/>.</summary>
/// <param name="Mode">What becomes of a request that has had its share of a frame.</param>
/// <param name="Selection">How the batch of a frame is chosen.</param>
/// <param name="FrameIterations">Iterations of a frame.</param>
/// <param name="MaxSequences">Requests in a batch.</param>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="Cutoff">Share of the last place's priority that a candidate must have.</param>
/// <param name="AdaptCutoff">Looks for the best of 0.8, 0.9, 0.95 and 0.99 while it runs.</param>
/// <param name="InputWeight">Value of an input token.</param>
/// <param name="OutputWeight">Value of an output token.</param>
/// <param name="RefreshTokens">Tokens from one length bound to the next.</param>
/// <param name="PredictionMilliseconds">Time until a newcomer's first bound is there.</param>
/// <param name="MaxWaitSeconds">Who has waited so long without ever running is refused; without it nobody is.</param>
/// <param name="Fairness">Weight of the time waited against the priority, 0 to 1.</param>
public sealed record JitServeOptions(
    JitMode Mode = JitMode.Frame,
    JitSelection Selection = JitSelection.Gmax,
    [Range(1, int.MaxValue)] int FrameIterations = 50,
    [Range(1, int.MaxValue)] int MaxSequences = 32,
    [Range(1, int.MaxValue)] int TokenBudget = 512,
    [Range(0.01, 1.0)] double Cutoff = 0.95,
    bool AdaptCutoff = true,
    [Range(0.0, double.MaxValue)] double InputWeight = 1,
    [Range(0.0, double.MaxValue)] double OutputWeight = 8,
    [Range(1, int.MaxValue)] int RefreshTokens = 50,
    [Range(0.0, double.MaxValue)] double PredictionMilliseconds = 7,
    [Range(0.0, double.MaxValue)] double? MaxWaitSeconds = null,
    [Range(0.0, 1.0)] double Fairness = 0);

/// <summary>
/// Every frame ranks requests by on-time value per second of the least engine time that keeps their promise, with
/// conservative bounds on their lengths, and picks a batch of similar prompts among the best; whoever has had enough for the
/// frame makes room for the next.
/// </summary>
[Policy("jitserve", "Just enough service for each SLO: frames, length bounds, grouped margin goodput maximisation.",
    Paper = "JITServe (Tempo), NSDI 2026, arXiv 2504.20068", Predictor = "quantile-history", RefinesPredictions = true)]
public sealed class JitServePolicy(JitServeOptions options, ILengthPredictor predictor, ClusterShape shape, RandomStream random) : IBatchPolicy
{
    private readonly FrameRanking _ranking = new(options, predictor);
    private readonly CutoffBandit _bandit = new(options.Cutoff, random);
    private readonly RequestOrder _running = new();
    private readonly RequestOrder _queue = new();
    private int _iterations = options.FrameIterations;    // of this frame; the first plan starts one

    public EngineLimits Limits { get; } = new(Watermark: 0.01);

    public bool ReadsEntries => false;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        _ranking.Now = view.Now;
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (_iterations >= options.FrameIterations) StartFrame(view, plan, cap);
        var outranked = plan.PreemptCount;

        var nobodyWaits = view.Waiting.IsEmpty && view.Swapped.IsEmpty;
        var allDecode = outranked == 0 && (options.Mode == JitMode.Frame || (nobodyWaits && view.Prefilling.IsEmpty))
            && plan.TryDecodeAllAtOnce(DecodeOrder.Urgency, Math.Min(cap, options.TokenBudget));
        var running = _ranking.Rank(_running.From(allDecode ? view.Prefilling : view.Running))[..^outranked];
        if (!allDecode) plan.DecodeEvictingLast(view, running, Math.Min(cap, _ranking.CountNeedy(running)), PreemptMode.Swap);
        plan.ContinuePrefills(running, options.TokenBudget, cap);
        if (plan.PreemptCount > outranked) return;

        plan.StartInOrder(_ranking.Rank(_queue.From(view.Swapped).And(view.Waiting)), options.TokenBudget, cap, options.Mode == JitMode.Frame ? cap : int.MaxValue);
        plan.DecodeMore(running, options.TokenBudget, cap);    // slots that nobody took
        if (plan.SequenceCount == 0) plan.DecodeEvictingLast(view, running, cap, PreemptMode.Swap);    // all have had enough, and no block is free
        if (allDecode && plan.IsDecodeOnly && (nobodyWaits || plan.ResidentCount >= cap)) plan.HoldFor(options.FrameIterations - _iterations);
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        _iterations++;
        _ranking.Pace.Add(iteration);
    }

    public void OnFinished(in RequestView request) => _ranking.OnFinished(request);

    public void OnAborted(in RequestView request) => _ranking.Pace.Settle(request);

    /// <summary>A new frame: all are measured again, a batch is chosen, and who is worth less than a newcomer gives way.</summary>
    private void StartFrame(in InstanceView view, BatchPlan plan, int cap)
    {
        _iterations = 0;
        var all = _queue.From(view.Waiting).And(view.Swapped).And(view.Running).Requests;
        var (earned, seconds) = _ranking.StartFrame(all);
        if (_ranking.Frame > 1) _bandit.Add(earned, seconds);
        foreach (var request in all)
        {
            if (IsStarved(request, view.Now)) plan.Reject(request, "waited too long without being scheduled");
            else _ranking.Measure(request);
        }

        _ranking.Choose(all, cap, options.Selection != JitSelection.Gmax ? 1 : options.AdaptCutoff ? _bandit.Cutoff : options.Cutoff);
        var newcomers = _ranking.Rank(_queue.From(view.Waiting).And(view.Swapped));
        var withoutSlot = newcomers[Math.Clamp(cap - view.Running.Count, 0, newcomers.Length)..];
        plan.GiveWay(view, _ranking, _ranking.Rank(_running.From(view.Running)), withoutSlot, shape);
    }

    private bool IsStarved(in RequestView request, SimTime now) => options.MaxWaitSeconds is { } most && request.State == RequestState.Waiting
        && request.GeneratedTokens == 0 && request.Preemptions == 0 && (now - request.Arrival).Seconds > most;
}
