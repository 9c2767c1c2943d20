using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="FastServePolicy"/>.</summary>
/// <param name="QuantumMilliseconds">Time that a request may use in the first level.</param>
/// <param name="Growth">Factor from one level's quantum to the next.</param>
/// <param name="MaxBatch">Requests in a batch; also the free blocks that proactive swapping keeps.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt is the only one.</param>
/// <param name="StarvationSeconds">Requests not run for so long are promoted to the first level.</param>
/// <param name="StarvationIterations">Iterations between two looks for such requests.</param>
/// <param name="HostLowMark">No prompt starts while less than this share of the host blocks is free.</param>
public sealed record FastServeOptions(
    [Range(double.Epsilon, double.MaxValue)] double QuantumMilliseconds = 10,
    [Range(1.0, double.MaxValue)] double Growth = 2,
    [Range(1, int.MaxValue)] int MaxBatch = 16,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 2048,
    [Range(0.0, double.MaxValue)] double StarvationSeconds = 3,
    [Range(0, int.MaxValue)] int StarvationIterations = 1000,
    [Range(0.0, 1.0)] double HostLowMark = 0.1);

/// <summary>
/// A multi-level feedback queue that a request enters at the level its prefill time calls for; it sinks a level
/// whenever it has used up a quantum, and KV moves to the host before room runs out.
/// </summary>
[Policy("fastserve", "Skip-join multi-level feedback queue, preemptive per iteration, with proactive swapping.", Paper = "Wu et al., FastServe, 2023")]
public sealed class FastServePolicy(FastServeOptions options, ClusterShape shape) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private readonly RequestMap<Standing> _standing = new();
    private readonly SimDuration[] _quanta = Quanta(options);
    private readonly SimDuration _starvation = SimDuration.FromSeconds(options.StarvationSeconds);
    private long _head;
    private long _tail;
    private int _sinceStarvationCheck;

    public void OnArrived(in RequestView request)
    {
        var prefill = shape.Cost.PrefillTime(request.InputTokens);
        var level = 0;
        while (level < _quanta.Length - 1 && _quanta[level] < prefill) level++;
        _standing[request] = new() { Level = level, Place = ++_tail, LastRun = request.Arrival };
    }

    public void OnIterationEnd(in IterationView iteration)
    {
        _sinceStarvationCheck++;
        foreach (ref readonly var entry in iteration.Entries)
        {
            if (!iteration.TryGetRequest(entry, out var request)) continue;
            ref var standing = ref _standing[request];
            standing.LastRun = iteration.End;
            standing.Used += iteration.Duration;
            if (standing.Used <= _quanta[standing.Level]) continue;
            standing.Level = Math.Min(standing.Level + 1, _quanta.Length - 1);
            standing.Used = SimDuration.Zero;
            standing.Place = --_head;
        }
    }

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        if (_sinceStarvationCheck >= options.StarvationIterations) PromoteStarving(view);
        var order = _order.From(view.Waiting).And(view.Running).And(view.Swapped).By(this, static (policy, request) => policy.Rank(request));
        var cap = Math.Max(1, options.MaxBatch / view.PipelineStages);
        var mayStart = view.FreeHostBlocks >= options.HostLowMark * view.TotalHostBlocks;
        for (var i = 0; i < order.Length && plan.SequenceCount < cap; i++)
        {
            var request = order[i];
            if (request.State == RequestState.Running) DecodeMakingRoom(plan, order, i);
            else if (request.State == RequestState.Waiting && mayStart && FitsPrefillBatch(plan, request)) plan.TryPrefill(request, int.MaxValue);
        }

        MoveKv(plan, order);
    }

    private static void DecodeMakingRoom(BatchPlan plan, ReadOnlySpan<RequestView> order, int place)
    {
        if (plan.IsPreempted(order[place])) return;
        while (!plan.TryDecode(order[place]))
            if (!plan.TryEvictBehind(order, place, PreemptMode.Swap)) return;
    }

    /// <summary>Keeps a free block for each place of a batch, or uses the room to bring the most urgent back; copies hide behind the computation.</summary>
    private void MoveKv(BatchPlan plan, ReadOnlySpan<RequestView> order)
    {
        plan.OverlapSwaps();
        for (var i = order.Length - 1; i >= 0 && plan.FreeBlocks < options.MaxBatch; i--)
        {
            var request = order[i];
            if (request.State == RequestState.Running && !plan.Contains(request) && !plan.IsPreempted(request) && plan.CanSwapOut(request))
                plan.Preempt(request, PreemptMode.Swap);
        }

        if (plan.PreemptCount > 0) return;
        var free = plan.FreeBlocks;
        foreach (var request in order)
        {
            if (request.State != RequestState.Swapped) continue;
            if (free - plan.FreeBlocks >= options.MaxBatch || !plan.TrySwapIn(request)) break;
            if (plan.FreeBlocks >= options.MaxBatch || plan.ResidentCount == 1) continue;
            plan.Withdraw(request);    // it would be swapped out again at once
            break;
        }
    }

    private bool FitsPrefillBatch(BatchPlan plan, in RequestView request) =>
        plan.PrefillTokenCount == 0 || plan.PrefillTokenCount + (long)request.RemainingPrefillTokens <= options.MaxPrefillTokens;

    private void PromoteStarving(in InstanceView view)
    {
        _sinceStarvationCheck = 0;
        foreach (var request in _order.From(view.Waiting).And(view.Running).And(view.Swapped).Requests)
        {
            ref var standing = ref _standing[request];
            if (standing.Level > 0 && view.Now - standing.LastRun >= _starvation)
                standing = new() { Level = 0, Place = ++_tail, LastRun = standing.LastRun };
        }
    }

    private long Rank(in RequestView request) => ((long)_standing[request].Level << 48) + _standing[request].Place;

    internal int LevelOf(in RequestView request) => _standing[request].Level;

    private static SimDuration[] Quanta(FastServeOptions options)
    {
        var quanta = new SimDuration[24];
        var milliseconds = options.QuantumMilliseconds;
        for (var i = 0; i < quanta.Length; i++, milliseconds = Math.Min(1e12, milliseconds * options.Growth))
            quanta[i] = SimDuration.FromMilliseconds(milliseconds);
        return quanta;
    }

    private struct Standing
    {
        public int Level;
        public long Place;           // in its level: smaller is nearer to the head
        public SimDuration Used;     // in its level
        public SimTime LastRun;
    }
}
