using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Forecasts;
using ServeSim.Policies.Routing;

namespace ServeSim.Tests.Policies;

/// <summary>
/// Reads a run of the engine as the published stand-alone simulators count: rounds of some decode steps and one admission opportunity each,
/// also while nothing runs; prefills that yield no token (our first token, so outputs are one longer here); memory that may be passed for
/// the length of a step; and an end where an admission round finds no request left.
/// </summary>
internal sealed class StandAloneLoop : IBatchPolicy
{
    private const int PrefillCapTokens = 32_768;

    private readonly IBatchPolicy _policy;
    private readonly TrueLengths _oracle = new();
    private readonly PeakForecast _truth = new();
    private readonly int _capacity;
    private readonly int _interval;
    private int _step;
    private int _lastRound;
    private bool _hasStepped;
    private double _memory;
    private long _memorySamples;
    private double _peaks;
    private long _rounds;

    private StandAloneLoop(IBatchPolicy policy, int capacity, int interval)
    {
        (_policy, _capacity, _interval) = (policy, capacity, interval);
        _step = interval;    // the first steps find nobody
        _memorySamples = interval;
    }

    public List<(int Step, int Request)> Admissions { get; } = [];
    public List<(int Step, int Request, int Generated)> Evictions { get; } = [];
    public List<(int Step, int Request)> Finishes { get; } = [];
    public bool HasStopped { get; private set; }

    public int DecodeSteps => _step;
    public double MemoryPercent => 100 * _memory / _memorySamples;
    public double PeakPercent => 100 * _peaks / _rounds;
    public double EvictedPercent => 100.0 * Evictions.Count / Finishes.Count;

    /// <summary>Simulated time up to the end, prefills and recompute included, which the steps leave out.</summary>
    public SimTime StoppedAt { get; private set; }

    public EngineLimits Limits => _policy.Limits;

    /// <summary>Options of the stand-alone bookkeeping.</summary>
    public static T With<T>(T options, int capacity, int interval = 10) where T : IntervalOptions => options with
    {
        Interval = interval, MaxPrefillTokens = PrefillCapTokens, PrefillCap = PrefillCap.UntilReached, MaxSequences = int.MaxValue,
        Eviction = EvictionRule.TailAfterStep, CapacityTokens = capacity,
    };

    public static StandAloneLoop Run(IntervalPolicy policy, IReadOnlyList<(int Prompt, int Output)> requests, int capacity, int interval = 10,
        EngineKind kind = EngineKind.Plain, ICostModel? cost = null)
    {
        var loop = new StandAloneLoop(policy, capacity, interval);
        var trace = requests.Select(r => MicroRun.Request(0, r.Prompt, r.Output + 1));
        var options = new EngineOptions { Kind = kind, TotalBlocks = capacity + requests.Count, BlockSize = 1 };
        using var source = new ServeSim.Workloads.ListTrafficSource(trace);
        new SimulationRun(options, source, cost ?? new UnitCost(), new("loop", _ => loop, "one", new RoundRobinRouter()), new Nobody()).Execute();
        return loop;
    }

    public void OnFinished(in RequestView request)
    {
        _policy.OnFinished(request);
        if (!HasStopped) Finishes.Add((_step, (int)request.Number));
    }

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        if (!HasStopped && _hasStepped) Sample(view.TotalBlocks - view.FreeBlocks);
        _hasStepped = false;
        if (view.Running.IsEmpty) Idle();
        _policy.Plan(view, plan);
        if (HasStopped) return;
        for (var i = 0; i < plan.PreemptCount; i++) Evictions.Add((_step, (int)plan.Preempted(i).Number, plan.Preempted(i).GeneratedTokens - 1));
        if (plan.SequenceCount == 0) return;    // evictions alone: asked again

        if (_step % _interval == 0 && _lastRound != _step) EndRound(view, plan);
        if (plan.DecodeCount == 0 || HasStopped) return;
        _step++;
        _hasStepped = true;
    }

    /// <summary>The loop goes on while nobody runs, up to the next round.</summary>
    private void Idle()
    {
        while (!HasStopped && _step % _interval != 0)
        {
            _step++;
            Sample(0);
        }
    }

    private void EndRound(in InstanceView view, BatchPlan plan)
    {
        _lastRound = _step;
        _truth.Clear();
        foreach (var request in view.Running) AddTruth(request);
        long used = view.TotalBlocks - view.FreeBlocks, prompts = 0;
        var left = view.Waiting.Count;
        foreach (var request in view.Waiting)
        {
            if (!plan.Contains(request)) break;
            Admissions.Add((_step, (int)request.Number));
            AddTruth(request);
            used += request.RemainingPrefillTokens;
            prompts += request.InputTokens;
            left--;
        }

        HasStopped = left == 0 && prompts < PrefillCapTokens;
        StoppedAt = view.Now;
        if (HasStopped) return;
        Sample(used);
        _peaks += (double)_truth.PeakTokens() / _capacity;
        _rounds++;
    }

    private void AddTruth(in RequestView request)
    {
        var (held, missing) = RequestLoad.Exact(request, _oracle.OutputTokens(request));
        _truth.Add(held, missing);
    }

    private void Sample(long used)
    {
        _memory += (double)used / _capacity;
        _memorySamples++;
    }

    private sealed class Nobody : IRunObserver;
}
