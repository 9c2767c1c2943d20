using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>The fast executor: requests that decode together are advanced by one counter (docs/performance.md).</summary>
internal sealed partial class Instance
{
    private readonly DecodeCohort? _cohort;
    private readonly bool _tellsPolicy;
    private readonly List<int> _joining = [];
    private bool _isHeld;       // the last plan stands
    private int _heldFor;       // iterations for which it may stand, the one in flight included
    private int _heldDecodes;   // requests that it decodes
    private int _padRows;       // its padding
    private long _padContext;   // and the tokens that it attends in the iteration in flight
    private SequenceSpan[] _heldMembers = [];    // for costs that must know them

    /// <summary>What has no fast form is stepped: overlapping iterations, policies that look at every member.</summary>
    private static bool CanShareSteps(ICostModel cost, IBatchPolicy policy) =>
        cost.PipelineStages == 1 && !(policy.ReadsEntries && IsTold(policy));

    private static bool IsTold(IBatchPolicy policy)
    {
        if (!policy.ObservesIterations) return false;
        var map = policy.GetType().GetInterfaceMap(typeof(IBatchPolicy));
        var method = Array.FindIndex(map.InterfaceMethods, m => m.Name == nameof(IBatchPolicy.OnIterationEnd));
        return map.TargetMethods[method]?.DeclaringType != typeof(IBatchPolicy);
    }

    private void AddCohort(Iteration iteration)
    {
        iteration.CohortAt = iteration.Count;
        _cohort!.IsInFlight = true;
    }

    /// <summary>One token for every member; returns their number.</summary>
    private int AdvanceCohort(SimTime now, bool isReported, ref GapRun gaps)
    {
        var members = _cohort!.Count;
        if (!isReported) gaps.Add(now - _cohort.LastToken, members);
        _guard.Progress();
        _cohort.Advance(now, _ended);
        return members;
    }

    /// <summary>True if the last plan stands for one more iteration: nothing has changed, and the blocks suffice.</summary>
    private bool IsStillHeld() =>
        _isHeld && _heldFor > 1 && _inFlight.Count == 0 && _cohort!.BlocksForStep + _plan.SpareBlocks <= _state.FreeBlocks;

    /// <summary>Requests of the held plan have ended: it stands for those that are left if that was promised too, and nothing pads them.</summary>
    private void HoldThroughEnds()
    {
        _isHeld = _isHeld && _plan.HoldsThroughEnds && _padRows == 0 && _cohort!.Count > 0;
        if (_isHeld) _heldDecodes = _cohort!.Count;
    }

    /// <summary>Notes how long the plan that has just been started stands.</summary>
    private void NoteHold(int promisedBefore)
    {
        _isHeld = _plan.IsHeld;
        if (!_isHeld) return;
        _heldDecodes = _plan.DecodeCount;
        _heldFor = Math.Max(_plan.HeldFor, promisedBefore);
        (_padRows, _padContext) = (_plan.PadSequences, _plan.PadContextTokens);
    }

    /// <summary>Starts the held plan once more without asking for it.</summary>
    private void StartHeld(SimTime now)
    {
        _heldFor--;
        _state.HeldIterations++;
        _padContext += _padRows;
        var iteration = _spare.Pop();    // the one that has just ended
        iteration.DecodeSequences = _heldDecodes;
        _ledger.TakeForCohort(_cohort!.BlocksForStep);
        _cohort.IsInFlight = true;
        var shape = HeldShape(0);
        Describe(iteration, now, _ledger.UsedBlocks, shape.DecodeContextTokens);
        iteration.End = Occupy(shape, now, SimDuration.Zero);
        AddToFingerprint(iteration, shape.DecodeSequences, _state.FreeBlocks);
        Launch(iteration);
    }

    private static void Describe(Iteration iteration, SimTime start, int usedBlocks, long contextTokens)
    {
        iteration.Start = start;
        iteration.UsedBlocks = usedBlocks;
        iteration.DecodeContextTokens = contextTokens;
        (iteration.SwappedBytes, iteration.Preemptions) = (0, 0);
    }

    /// <summary>The held batch, so many iterations after the one in flight (or about to start).</summary>
    private BatchShape HeldShape(int later)
    {
        var rows = _cohort!.Count + _padRows;
        return new BatchShape
        {
            DecodeSequences = rows,
            DecodeContextTokens = _cohort.ContextTokens + _padContext + ((long)later * rows),
            LongestDecodeContext = _cohort.LongestContext + later,
            Sequences = _cost.NeedsDecodes ? HeldMembers(later) : default,
        };
    }

    private ReadOnlySpan<SequenceSpan> HeldMembers(int later)
    {
        var count = _cohort!.Count;
        if (_heldMembers.Length < count + _padRows) Array.Resize(ref _heldMembers, 2 * (count + _padRows));
        _cohort.List(_heldMembers, later);
        if (_padRows > 0) _heldMembers.AsSpan(count, _padRows).Fill(new(1, (int)(_padContext / _padRows) + later, true));
        return _heldMembers.AsSpan(0, count + _padRows);
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
