using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Goodput;
using ServeSim.Policies.Prediction;

namespace ServeSim.Policies.Batching;

/// <summary>Which of the artifact's two selections is used.</summary>
public enum ArtifactStrategy
{
    /// <summary>Bins of similar length.</summary>
    LengthBin,

    /// <summary>A window over lengths; whom it would swap out stays, as in the artifact.</summary>
    SlidingWindow,
}

/// <summary>Options of <see cref="JitServeArtifactPolicy"/>.</summary>
/// <param name="Strategy">Which selection is used.</param>
/// <param name="FrameIterations">Iterations between two selections.</param>
/// <param name="MaxSequences">Requests that may hold KV, and requests in a batch.</param>
/// <param name="TokenBudget">Tokens of one iteration, decodes included.</param>
/// <param name="TopFactor">Batches' worth of requests that stand for selection.</param>
/// <param name="MaxSwaps">Requests swapped out in a frame.</param>
/// <param name="Penalty">Power with which the reward of late work falls.</param>
/// <param name="HostWatermark">Share of the host blocks that must be free for a selection.</param>
/// <param name="RefreshTokens">Tokens from one length bound to the next.</param>
/// <param name="PredictionMilliseconds">Time until a newcomer's first bound is there.</param>
/// <param name="DefaultTtftSeconds">TTFT limit of a request that has none.</param>
/// <param name="DefaultTbtSeconds">TBT limit of a request that has none.</param>
/// <param name="DefaultDeadlineSeconds">E2E limit of a request that has none.</param>
public sealed record JitServeArtifactOptions(
    ArtifactStrategy Strategy = ArtifactStrategy.LengthBin,
    [Range(1, int.MaxValue)] int FrameIterations = 50,
    [Range(1, int.MaxValue)] int MaxSequences = 32,
    [Range(1, int.MaxValue)] int TokenBudget = 512,
    [Range(1, int.MaxValue)] int TopFactor = 3,
    [Range(0, int.MaxValue)] int MaxSwaps = 4,
    [Range(0.0, double.MaxValue)] double Penalty = 1,
    [Range(0.0, 1.0)] double HostWatermark = 0.1,
    [Range(1, int.MaxValue)] int RefreshTokens = 50,
    [Range(0.0, double.MaxValue)] double PredictionMilliseconds = 7,
    [Range(double.Epsilon, double.MaxValue)] double DefaultTtftSeconds = 1,
    [Range(double.Epsilon, double.MaxValue)] double DefaultTbtSeconds = 0.1,
    [Range(double.Epsilon, double.MaxValue)] double DefaultDeadlineSeconds = 10);

/// <summary>
/// Requests by reward per second of remaining work; every frame a group of similar length is chosen, running requests outside
/// it are swapped out a few at a time, and as many of the group take their places.
/// </summary>
[Policy("jitserve-artifact", "What the scheduler in JITServe's artifact does: reward density and bins of similar length.",
    Paper = "JITServe artifact, NSDI 2026", Predictor = "quantile-history", RefinesPredictions = true)]
public sealed class JitServeArtifactPolicy(JitServeArtifactOptions options, ILengthPredictor predictor) : IBatchPolicy
{
    private readonly LengthBounds _bounds = new(predictor, options.RefreshTokens, SimDuration.FromMilliseconds(options.PredictionMilliseconds));
    private readonly FramePace _pace = new();
    private readonly RequestMap<double> _earned = new();
    private readonly ArtifactSelection _selection = new();
    private readonly List<ArtifactCandidate> _candidates = [];
    private readonly HashSet<long> _leaving = [];
    private readonly Dictionary<long, int> _places = [];
    private readonly RequestOrder _running = new();
    private readonly RequestOrder _queue = new();
    private int _iterations;
    private SimTime _now;

    public EngineLimits Limits { get; } = new(Watermark: 0.01);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        _now = view.Now;
        var cap = Math.Max(1, options.MaxSequences / view.PipelineStages);
        if (_iterations >= options.FrameIterations) StartFrame(view, plan);
        var outranked = plan.PreemptCount;

        var running = _running.From(view.Running).By((Policy: this, Plan: plan), static (state, request) =>
            state.Plan.IsPreempted(request) ? long.MaxValue : state.Policy.Rank(request))[..^outranked];
        plan.DecodeEvictingLast(view, running, cap, PreemptMode.Swap);
        plan.ContinuePrefills(running, options.TokenBudget, cap);
        if (plan.PreemptCount > outranked || plan.ResidentCount >= options.MaxSequences) return;

        var queue = _queue.From(view.Swapped).And(view.Waiting).By(this, static (policy, request) => policy.Rank(request));
        plan.StartInOrder(queue, options.TokenBudget, cap, options.MaxSequences);
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        _iterations++;
        _pace.Add(iteration);
        foreach (ref readonly var entry in iteration.Entries)
            if (iteration.TryGetRequest(entry, out var request) && request.GeneratedTokens > 0 && request.LastTokenAt == iteration.End) Track(request);
    }

    public void OnFinished(in RequestView request) => _bounds.OnFinished(request);

    /// <summary>A selection stands until all that it sends away have gone.</summary>
    private void StartFrame(in InstanceView view, BatchPlan plan)
    {
        _iterations = 0;
        if (view.TotalHostBlocks == 0 || view.FreeHostBlocks < options.HostWatermark * view.TotalHostBlocks) return;
        _leaving.RemoveWhere(number => !IsRunning(number));
        if (_leaving.Count == 0) Select(view);
        var swaps = 0;
        foreach (var request in view.Running)
        {
            if (swaps >= options.MaxSwaps) break;
            if (!_leaving.Contains(request.Number) || request.IsPrefilling || !plan.CanSwapOut(request)) continue;
            plan.Preempt(request, PreemptMode.Swap);
            _leaving.Remove(request.Number);
            swaps++;
        }

        bool IsRunning(long number)
        {
            foreach (var request in _running.Requests)
                if (request.Number == number && request.IsLive && request.State == RequestState.Running) return true;
            return false;
        }
    }

    private void Select(in InstanceView view)
    {
        _candidates.Clear();
        _places.Clear();
        var all = _queue.From(view.Waiting).And(view.Swapped).And(view.Running).Requests;
        for (var i = 0; i < all.Length; i++) _candidates.Add(new(i, all[i].KnownTokens, -Rated(all[i]).Density, all[i].State == RequestState.Running));
        var candidates = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_candidates);
        if (options.Strategy == ArtifactStrategy.LengthBin) _selection.ChooseBin(candidates, options.MaxSequences, options.TopFactor);
        else _selection.ChooseWindow(candidates, options.MaxSequences, options.TopFactor);
        for (var i = 0; i < _selection.Queue.Count; i++) _places[all[_selection.Queue[i].Place].Number] = i;
        if (options.Strategy == ArtifactStrategy.SlidingWindow) return;
        foreach (var one in _selection.Leaving) _leaving.Add(all[one.Place].Number);
    }

    /// <summary>The chosen ones in the order of their queue, then the densest.</summary>
    private long Rank(in RequestView request) => _places.TryGetValue(request.Number, out var place) ? place
        : long.MaxValue - 1 - (BitConverter.DoubleToInt64Bits(Rated(request).Density) >> 1);

    private void Track(in RequestView request)
    {
        ref var earned = ref _earned[request];
        var (limit, first) = (Ttft(request), (request.FirstTokenAt - request.Arrival).Seconds);
        var pace = request.Slo.Pace?.Seconds ?? options.DefaultTbtSeconds;
        var desired = ArtifactTracker.DesiredTokens(request.LastTokenAt.Seconds, request.Arrival.Seconds, first, limit, pace);
        earned = ArtifactTracker.Gain(earned, request.GeneratedTokens == 1 ? request.InputTokens : 0, 1, request.GeneratedTokens, desired, first, limit, options.Penalty);
    }

    private double Ttft(in RequestView request) => request.Slo.Ttft?.Seconds ?? options.DefaultTtftSeconds;

    private ArtifactDensity Rated(in RequestView request) => ArtifactDensity.Of(
        [
            new(request.SloKind, request.InputTokens, _bounds.Of(request, _now), request.GeneratedTokens,
                request.Slo.E2e?.Seconds ?? options.DefaultDeadlineSeconds, Ttft(request),
                (_now - request.Arrival).Seconds, request.GeneratedTokens > 0, _earned[request]),
        ], _pace.TokenSeconds, options.Penalty);
}
