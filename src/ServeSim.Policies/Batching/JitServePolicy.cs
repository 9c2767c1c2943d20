using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Goodput;
using ServeSim.Policies.Prediction;

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
    private enum Turn : long { Running, Queue, Satisfied, Preempted }

    private readonly LengthBounds _bounds = new(predictor, options.RefreshTokens, SimDuration.FromMilliseconds(options.PredictionMilliseconds));
    private readonly CutoffBandit _bandit = new(options.Cutoff, random);
    private readonly GroupedMargin _gmax = new();
    private readonly FramePace _pace = new();
    private readonly RequestMap<Standing> _standings = new();
    private readonly HashSet<long> _chosen = [];
    private readonly RequestOrder _running = new();
    private readonly RequestOrder _queue = new();
    private long _frame;
    private int _iterations;
    private SimTime _now;
    private double _bestPriority;
    private double _longestWait;

    public EngineLimits Limits { get; } = new(Watermark: 0.01);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        _now = view.Now;
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (_frame == 0 || _iterations >= options.FrameIterations) StartFrame(view, plan, cap);
        var outranked = plan.PreemptCount;

        var running = _running.From(view.Running).By(this, static (policy, request) => policy.Rank(request))[..^outranked];
        plan.DecodeEvictingLast(view, running, Math.Min(cap, CountNeedy(running)), PreemptMode.Swap);
        plan.ContinuePrefills(running, options.TokenBudget, cap);
        if (plan.PreemptCount > outranked) return;

        foreach (var request in _queue.From(view.Swapped).And(view.Waiting).By(this, static (policy, request) => policy.Rank(request)))
        {
            if (plan.IsRejected(request)) continue;
            if (plan.SequenceCount >= cap || !plan.TryStart(request, options.TokenBudget, options.Mode == JitMode.Frame ? cap : int.MaxValue)) break;
        }

        foreach (var request in running)    // slots that nobody took
        {
            if (plan.SequenceCount >= cap || plan.TokenCount >= options.TokenBudget) break;
            if (!request.IsPrefilling && !plan.Contains(request)) plan.TryDecode(request);
        }

        if (plan.SequenceCount == 0) plan.DecodeEvictingLast(view, running, cap, PreemptMode.Swap);    // all have had enough, and no block is free
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        _iterations++;
        _pace.Add(iteration);
    }

    public void OnFinished(in RequestView request)
    {
        _pace.AddFinished(request);
        _bounds.OnFinished(request);
    }

    /// <summary>A new frame: all are ranked again, a batch is chosen, and who is worth less than a newcomer gives way.</summary>
    private void StartFrame(in InstanceView view, BatchPlan plan, int cap)
    {
        if (_frame > 0) _bandit.Add(_pace.Earned, (_now - _pace.FrameStart).Seconds);
        _frame++;
        _iterations = 0;
        _pace.StartFrame(_now);
        (_bestPriority, _longestWait) = (0, 0);
        foreach (var request in _queue.From(view.Waiting).And(view.Swapped).And(view.Running).Requests)
        {
            if (IsStarved(request)) plan.Reject(request, "waited too long without being scheduled");
            else Measure(request);
        }

        _gmax.Clear();
        foreach (var request in _queue.Requests)
            if (!plan.IsRejected(request)) _gmax.Add(new(request.Number, Priority(request), request.InputTokens));
        var cutoff = options.Selection != JitSelection.Gmax ? 1 : options.AdaptCutoff ? _bandit.Cutoff : options.Cutoff;
        _chosen.Clear();
        foreach (ref readonly var one in _gmax.Select(cap, cutoff)) _chosen.Add(one.Id);
        foreach (var request in _queue.Requests) _standings[request].IsChosen = _chosen.Contains(request.Number);
        GiveWay(view, plan, cap);
    }

    /// <summary>The worst running request outside the batch against the best newcomer that finds no slot, and so on.</summary>
    private void GiveWay(in InstanceView view, BatchPlan plan, int cap)
    {
        var newcomers = _queue.From(view.Waiting).And(view.Swapped).By(this, static (policy, request) => policy.Rank(request));
        var place = Math.Max(0, cap - view.Running.Count);
        var running = _running.From(view.Running).By(this, static (policy, request) => policy.Rank(request));
        for (var i = running.Length - 1; i >= 0 && place < newcomers.Length; i--)
        {
            var (loser, newcomer) = (running[i], newcomers[place]);
            if (_standings[loser].IsChosen) continue;
            if (!_standings[newcomer].IsChosen || plan.IsRejected(newcomer)) return;
            var (mode, stall) = Price(loser, plan);
            var loss = options.OutputWeight * stall.Seconds / _pace.TokenSeconds;
            if (_standings[newcomer].Share.Gain - _standings[loser].Share.Gain <= loss) return;
            if (view.BlocksFor(newcomer.KnownTokens + 1L) + plan.WatermarkBlocks > plan.FreeBlocks + loser.OwnedBlocks) return;
            plan.Preempt(loser, mode);
            _standings[loser].PreemptedIn = _frame;
            place++;
        }
    }

    /// <summary>The cheaper way to take a request's KV away, and the stall that it costs.</summary>
    private (PreemptMode Mode, SimDuration Stall) Price(in RequestView request, BatchPlan plan)
    {
        var recompute = shape.Cost.PrefillTime(Math.Max(1, request.ContextTokens));
        var swap = shape.SwapTime(request.OwnedBlocks);
        return request.IsPrefilling || !plan.CanSwapOut(request) || recompute <= swap ? (PreemptMode.Recompute, recompute) : (PreemptMode.Swap, swap);
    }

    private bool IsStarved(in RequestView request) => options.MaxWaitSeconds is { } most && request.State == RequestState.Waiting
        && request.GeneratedTokens == 0 && request.Preemptions == 0 && (_now - request.Arrival).Seconds > most;

    private void Measure(in RequestView request)
    {
        var bound = _bounds.Of(request, _now);
        var share = FrameShare.Of(FrameRequest.Of(request, bound, _now), _pace.TokenSeconds, options.FrameIterations * _pace.TokenSeconds,
            options.InputWeight, options.OutputWeight);
        if (options.Selection == JitSelection.ShortestFirst) share = share with { Priority = 1.0 / (bound - request.GeneratedTokens) };
        _standings[request] = new() { Frame = _frame, Share = share, GeneratedBefore = request.GeneratedTokens };
        _bestPriority = Math.Max(_bestPriority, share.Priority);
        _longestWait = Math.Max(_longestWait, Waited(request));
    }

    /// <summary>Value per second, blended with the time waited where fairness asks for it.</summary>
    private double Priority(in RequestView request)
    {
        var priority = _standings[request].Share.Priority;
        return options.Fairness == 0 ? priority
            : ((1 - options.Fairness) * priority / Math.Max(double.Epsilon, _bestPriority)) + (options.Fairness * Waited(request) / Math.Max(double.Epsilon, _longestWait));
    }

    private double Waited(in RequestView request) => request.State == RequestState.Waiting ? (_now - request.QueuedAt).Seconds : 0;

    /// <summary>Orders by turn, then the batch of the frame first, then by priority.</summary>
    private long Rank(in RequestView request)
    {
        if (_standings[request].Frame != _frame) Measure(request);
        ref readonly var standing = ref _standings[request];
        var turn = standing.PreemptedIn == _frame ? Turn.Preempted : request.State != RequestState.Running ? Turn.Queue : IsSatisfied(request) ? Turn.Satisfied : Turn.Running;
        var behind = long.MaxValue - BitConverter.DoubleToInt64Bits(Priority(request));
        return ((long)turn << 61) | (standing.IsChosen ? 0 : 1L << 60) | (behind >> 3);
    }

    private bool IsSatisfied(in RequestView request) => options.Mode == JitMode.Jit
        && request.GeneratedTokens - _standings[request].GeneratedBefore >= _standings[request].Share.Tokens;

    /// <summary>Decoding requests that have not had their share yet; they stand first.</summary>
    private int CountNeedy(ReadOnlySpan<RequestView> running)
    {
        var needy = 0;
        foreach (var request in running)
            if (!request.IsPrefilling && !IsSatisfied(request)) needy++;
        return needy;
    }

    private struct Standing
    {
        public long Frame;
        public FrameShare Share;
        public int GeneratedBefore;
        public bool IsChosen;
        public long PreemptedIn;
    }
}
