using ServeSim.Abstractions;
using ServeSim.Engine.Events;

namespace ServeSim.Engine.Instances;

/// <summary>The fast executor: requests that decode together are advanced by one counter (docs/performance.md).</summary>
internal sealed partial class Instance
{
    private const int MostAhead = 1024;    // iterations between two looks at the event queue, so that a cancelled run ends

    private readonly DecodeCohort? _cohort;
    private readonly List<int> _joining = [];
    private bool _isHeld;    // the last plan stands

    /// <summary>Brings the rows of the cohort up to date.</summary>
    public void WriteCohort() => _cohort?.WriteAll();

    /// <summary>What has no fast form is stepped: overlapping iterations, costs or policies that look at every member.</summary>
    private static bool CanShareSteps(ICostModel cost, IBatchPolicy policy) =>
        cost.PipelineStages == 1 && !cost.NeedsSequences && !(policy.ReadsEntries && HasIterationEnd(policy));

    private static bool HasIterationEnd(IBatchPolicy policy)
    {
        var map = policy.GetType().GetInterfaceMap(typeof(IBatchPolicy));
        var method = Array.FindIndex(map.InterfaceMethods, m => m.Name == nameof(IBatchPolicy.OnIterationEnd));
        return map.TargetMethods[method]?.DeclaringType != typeof(IBatchPolicy);
    }

    private void AddCohort(Iteration iteration)
    {
        iteration.CohortAt = iteration.Count;
        iteration.CohortOrder = _plan.CohortOrder;
        _cohort!.IsInFlight = true;
    }

    /// <summary>One token for every member; returns their number.</summary>
    private int AdvanceCohort(Iteration iteration, SimTime now, ref GapRun gaps)
    {
        var members = _cohort!.Count;
        if (members > 0)
        {
            gaps.Add(now - _cohort.LastToken, members);
            _guard.Progress();
        }

        _cohort.Advance(now, iteration.CohortOrder, _ended);
        return members;
    }

    /// <summary>
    /// A held plan stands, and nothing else happens before the iteration ends: completes it and starts the next one, with
    /// the same costs and the same reports, up to the first change. The last one is left in flight.
    /// </summary>
    private void RunAhead(Iteration iteration)
    {
        var cohort = _cohort!;
        for (var ahead = 0; ahead < MostAhead; ahead++)
        {
            var blocks = cohort.BlocksForStepAfterNext;
            if (cohort.HasFinisherNext || blocks + _plan.SpareBlocks > _state.FreeBlocks || !_run.TryHandleAhead(iteration.End)) return;

            var now = _state.Now = iteration.End;
            _run.Observer.OnTokenGaps(now - cohort.LastToken, cohort.Count);
            cohort.Advance(now, iteration.CohortOrder, _ended);
            Observe(iteration, cohort.Count);
            _state.LastIterationTime = now - iteration.Start;
            Finish(iteration, now);

            StartAgain(iteration, now);
        }
    }

    /// <summary>Starts the held plan once more without asking for it; false if something has changed or blocks run short.</summary>
    private bool TryStartHeld(SimTime now)
    {
        if (!_isHeld || _inFlight.Count > 0 || _cohort!.BlocksForStep + _plan.SpareBlocks > _state.FreeBlocks) return false;
        var iteration = _spare.Pop();    // the one that has just ended
        StartAgain(iteration, now);
        Launch(iteration);
        return true;
    }

    private void StartAgain(Iteration iteration, SimTime now)
    {
        _ledger.TakeForCohort(_cohort!.BlocksForStep);
        _cohort.IsInFlight = true;
        var shape = new BatchShape
        {
            DecodeSequences = _cohort.Count,
            DecodeContextTokens = _cohort.ContextTokens,
            LongestDecodeContext = _cohort.LongestContext,
        };
        iteration.Start = now;
        iteration.DecodeContextTokens = shape.DecodeContextTokens;
        iteration.UsedBlocks = _ledger.UsedBlocks;
        (iteration.SwappedBytes, iteration.Preemptions) = (0, 0);
        iteration.End = Occupy(shape, now, SimDuration.Zero);
        AddToFingerprint(iteration, shape);
    }

    private void Launch(Iteration iteration)
    {
        if (_isHeld && _run.IsInstantPlanned) RunAhead(iteration);
        _inFlight.Enqueue(iteration);
        _run.Events.Push(iteration.End, EventRank.IterationEnd, _state.Index);
        UpdateSignals();
    }

    private void JoinCohort(SimTime now)
    {
        foreach (var row in _joining) _cohort!.TryJoin(row, now);
        _joining.Clear();
    }

    /// <summary>Tells the observer of equal gaps in a row with one call.</summary>
    private ref struct GapRun(IRunObserver observer)
    {
        private SimDuration _gap;
        private long _count;

        public void Add(SimDuration gap, long count)
        {
            if (gap != _gap)
            {
                Flush();
                _gap = gap;
            }

            _count += count;
        }

        public void Flush()
        {
            if (_count > 0) observer.OnTokenGaps(_gap, _count);
            _count = 0;
        }
    }
}
