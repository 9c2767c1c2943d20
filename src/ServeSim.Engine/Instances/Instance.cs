using ServeSim.Abstractions;
using ServeSim.Engine.Events;
using ServeSim.Engine.Kv;

namespace ServeSim.Engine.Instances;

/// <summary>
/// One model replica: asks its policy for a plan whenever a pipeline slot is free, carries the plan out, and completes
/// iterations. Plan, commit, cost, observe; nothing else changes the state of its requests.
/// </summary>
internal sealed partial class Instance
{
    private readonly EngineOptions _options;
    private readonly RequestTable _table;
    private readonly InstanceState _state;
    private readonly KvLedger _ledger;
    private readonly PlanBuilder _plan;
    private readonly IBatchPolicy _policy;
    private readonly ICostModel _cost;
    private readonly Run _run;
    private readonly Queue<Iteration> _inFlight = new();
    private readonly Stack<Iteration> _spare = new();
    private readonly List<int> _ended = [];
    private readonly List<int> _gone = [];     // given up during the iteration that ends
    private readonly SimTime[] _stageFreeAt;
    private readonly Comparison<int> _byNumber;
    private LivelockGuard _guard;
    private Fingerprint _fingerprint;
    private SimTime _wakeAt = SimTime.Never;
    private long _pendingSwapBytes;
    private int _pendingSwapCopies;
    private int _pendingPreemptions;

    public Instance(int index, EngineOptions options, Run run, ICostModel cost, IBatchPolicy policy)
    {
        (_options, _run, _cost, _policy, _table) = (options, run, cost, policy, run.Table);
        _state = new(index, _table, options.BlockSize, options.TotalBlocks, options.HostBlocks, cost.PipelineStages, cost.Layers);
        _ledger = new(_table, _state, options.Watermark ?? policy.Limits.Watermark, options.BytesPerBlock);
        if (options.Kind == EngineKind.Fast && CanShareSteps(cost, policy))
        {
            _cohort = new(_table, options.BlockSize, this);
            (_tapeTimes, _tapeEnds, _tapeBlocks) = (new SimDuration[LongestTape], new SimTime[LongestTape], new int[LongestTape]);
        }

        _tellsPolicy = IsTold(policy);
        _plan = new(_table, _state, _ledger, cost, run.PolicyName, _cohort);
        _stageFreeAt = new SimTime[cost.PipelineStages];
        _byNumber = (a, b) => _table.Number[a].CompareTo(_table.Number[b]);
        _guard = new(options.LivelockLimit);
    }

    public ulong Fingerprint => _fingerprint.Value;

    public InstanceState State => _state;

    /// <summary>Why a request of this size can never run here, or null.</summary>
    public string? WhyNever(in RequestSpec spec)
    {
        var total = (long)spec.InputTokens + spec.OutputTokens;
        if (total > _options.MaxContextTokens)
            return $"longer than the model's context: {total} tokens of {_options.MaxContextTokens}";
        if (total > _policy.Limits.MaxSequenceTokens)
            return $"longer than the policy's longest sequence: {total} tokens of {_policy.Limits.MaxSequenceTokens}";
        var blocks = _ledger.BlocksFor(total - 1);    // the last token's own KV is never written
        return blocks + _ledger.WatermarkBlocks > _state.TotalBlocks
            ? $"never fits the KV memory: {blocks} blocks and a watermark of {_ledger.WatermarkBlocks}, {_state.TotalBlocks} exist"
            : null;
    }

    public void Enqueue(int row)
    {
        DropTape();
        _table.Instance[row] = _state.Index;
        _table.State[row] = RequestState.Waiting;
        _state.Waiting.PushBack(row);
        _isHeld = false;
        _run.CountWaiting(+1);
        _state.Now = _run.Now;
        try
        {
            _policy.OnArrived(new RequestView(_table, row));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }

        AskToInterrupt();
    }

    /// <summary>
    /// The client of a request has given up: the request leaves, wherever it is, and its KV is free at once. An iteration in flight still
    /// takes its time; what it computes for the request is lost.
    /// </summary>
    public void Abort(int row, string reason)
    {
        DropTape();
        _state.Now = _run.Now;
        if (_table.Clock[row] is not null) _cohort!.GiveUp(row);
        Unlist(row);
        DropLayers(row);
        _ledger.Free(row);
        _isHeld = false;
        _guard.Progress();
        _table.State[row] = RequestState.Aborted;
        try
        {
            _policy.OnAborted(new RequestView(_table, row));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }

        _run.End(row, RequestState.Aborted, reason);
        if (!_table.InFlight[row]) _table.Release(row);    // else its iteration still names the row
    }

    private void Unlist(int row)
    {
        switch (_table.State[row])
        {
            case RequestState.Waiting:
                _state.Waiting.Remove(row);
                _run.CountWaiting(-1);
                break;
            case RequestState.Swapped:
                _state.Swapped.Remove(row);
                break;
            default:
                _state.Running.Remove(row);
                if (_table.Context[row] < _table.PrefillTarget[row]) _state.Prefilling.Remove(row);
                break;
        }
    }

    /// <summary>Plans and starts iterations while a slot is free and the policy has work for it. Called once an instant is closed.</summary>
    public void StartIterations(SimTime now)
    {
        _state.Now = now;
        var promised = 0;
        if (IsStillHeld())
        {
            if (!_options.Audit)
            {
                StartHeld(now);
                return;
            }

            promised = _heldFor - 1;
        }

        while (_inFlight.Count < _state.PipelineStages && _stageFreeAt[0] <= now)
        {
            if (_state.Waiting.IsEmpty && _state.Running.IsEmpty && _state.Swapped.IsEmpty) return;
            var plans = Plan();
            if (promised > 0) RequireSamePlan();
            if (!plans) return;
            Commit();
            if (_plan.SequenceCount > 0) Start(promised);
            promised = 0;
        }
    }

    /// <summary>A wake-up has come, or the first pipeline stage is free; false if a later plan has replaced the wake-up.</summary>
    public bool Woken(SimTime now)
    {
        var isDue = _wakeAt == now;
        if (isDue) _wakeAt = SimTime.Never;
        return isDue || _state.PipelineStages > 1;
    }

    /// <summary>Throws if requests wait here although nothing will ever happen again.</summary>
    public void RequireNothingStuck(SimTime now)
    {
        var stuck = _state.Waiting.Count + _state.Running.Count + _state.Swapped.Count;
        if (stuck > 0)
            throw new PolicyFault(_run.PolicyName, _state.Index, now, null,
                $"no progress: {_state.Waiting.Count} waiting, {_state.Running.Count} running and {_state.Swapped.Count} swapped requests are left, " +
                "the policy plans nothing for them and asks for no wake-up (INV-8)");
    }

    /// <summary>Every block is free once no request is left (INV-4).</summary>
    public void RequireAllFree()
    {
        if (_state.FreeBlocks != _state.TotalBlocks || _state.FreeHostBlocks != _state.TotalHostBlocks)
            throw new InvariantException($"INV-4: instance {_state.Index} ends with {_state.FreeBlocks} of {_state.TotalBlocks} KV blocks free");
    }

    private bool Plan()
    {
        if (!_guard.TryContinue())
            throw new PolicyFault(_run.PolicyName, _state.Index, _state.Now, null,
                $"no progress in {_options.LivelockLimit} plans: {_state.Waiting.Count} waiting, {_state.Running.Count} running, " +
                $"{_state.Swapped.Count} swapped, {_state.FreeBlocks} of {_state.TotalBlocks} blocks free (INV-8)");
        _isHeld = false;
        _plan.Open();
        try
        {
            _policy.Plan(new InstanceView(_state), _plan);
            _plan.RequireWhole();
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }
        finally
        {
            _plan.Close();
        }

        _state.HeldIterations = 0;
        if (_plan.Wake != SimTime.Never && _plan.Wake != _wakeAt) _run.Events.Push(_plan.Wake, EventRank.Wake, _state.Index);
        _wakeAt = _plan.Wake;    // each plan replaces the wake-up of the one before

        return !_plan.DoesNothing;
    }

    /// <summary>Audit: nothing has changed since a plan that was promised to stand, so it is planned again.</summary>
    private void RequireSamePlan()
    {
        if (_plan.OnlyDecodes(_heldDecodes, _padRows, _padContext + _padRows)) return;
        throw new PolicyFault(_run.PolicyName, _state.Index, _state.Now, null,
            "a plan that was promised to stand (HoldUntilChange, HoldFor, HoldUntilArrival) was not planned again although nothing has changed: " +
            $"it now has {_plan.DecodeCount} decodes, {_plan.PrefillTokenCount} prompt tokens, {_plan.PadSequences} padding sequences, {_plan.PreemptCount} preemptions and {_plan.Refusals.Count} refusals" +
            (_plan.Wake == SimTime.Never ? "" : $", and a wake-up at {_plan.Wake} s"));
    }

    private void Start(int promisedBefore)
    {
        var iteration = _spare.TryPop(out var spare) ? spare : new Iteration();
        var shape = _plan.Shape();
        iteration.Start = _state.Now;
        iteration.PrefillTokens = _plan.PrefillTokenCount;
        iteration.PrefillSequences = shape.SequenceCount - shape.DecodeSequences;
        iteration.DecodeSequences = _plan.DecodeCount;
        (iteration.PrefillPairs, iteration.DecodeContextTokens) = (shape.PrefillPairs + SlicedPairs(shape), shape.DecodeContextTokens);
        StartLayers(iteration, shape);
        iteration.UsedBlocks = _ledger.UsedBlocks;
        iteration.WaitingRequests = _state.Waiting.Count;
        (iteration.SwappedBytes, iteration.Preemptions) = (_pendingSwapBytes, _pendingPreemptions);
        iteration.Count = 0;
        iteration.CohortAt = -1;
        var items = _plan.Items;
        for (var i = 0; i < items.Length; i++)
        {
            if (i == _plan.CohortAt) AddCohort(iteration);
            ref readonly var item = ref items[i];
            if (item.Tokens == 0) continue;
            iteration.Add(new(item.Row, _table.Number[item.Row], item.Tokens, item.IsDecode) { FirstSublayer = item.FirstSublayer, EndSublayer = item.EndSublayer });
            _table.InFlight[item.Row] = true;
            if (_table.ScheduledAt[item.Row] == SimTime.Never) _table.ScheduledAt[item.Row] = _state.Now;
        }

        if (_plan.CohortAt == items.Length) AddCohort(iteration);
        iteration.Swap = SwapTime();
        iteration.End = Occupy(shape, _state.Now, iteration.Swap);
        (_pendingSwapBytes, _pendingSwapCopies, _pendingPreemptions) = (0, 0, 0);
        AddToFingerprint(iteration, ((long)shape.PrefillTokens << 32) | (uint)shape.DecodeSequences, _state.FreeBlocks);
        AddToFingerprint(shape.Slices);
        NoteHold(promisedBefore);
        Launch(iteration);
        if (_state.PipelineStages > 1 && _stageFreeAt[0] < iteration.End)
            _run.Events.Push(_stageFreeAt[0], EventRank.Wake, _state.Index);
    }

    /// <summary>Passes the batch through the pipeline: a stage starts it when the stage before is done and it is free itself.</summary>
    private SimTime Occupy(in BatchShape shape, SimTime start, SimDuration swap)
    {
        if (_state.PipelineStages == 1)
            return _stageFreeAt[0] = start + WithSwap(RequirePositive(_cost.IterationTime(shape)), swap);
        var time = start;
        for (var stage = 0; stage < _state.PipelineStages; stage++)
        {
            if (_stageFreeAt[stage] > time) time = _stageFreeAt[stage];
            var duration = RequirePositive(_cost.StageTime(shape, stage));
            time += stage == 0 ? WithSwap(duration, swap) : duration;
            _stageFreeAt[stage] = time;
        }

        return time;
    }

    private static SimDuration RequirePositive(SimDuration duration) => duration >= SimDuration.Zero
        ? duration
        : throw new InvariantException($"INV-1: the cost model returned a negative time, {duration} s");

    private SimDuration WithSwap(SimDuration compute, SimDuration swap) =>
        _plan.SwapsOverlap ? (compute > swap ? compute : swap) : compute + swap;

    private SimDuration SwapTime() => _pendingSwapCopies == 0
        ? SimDuration.Zero
        : (_options.HostLinkLatency * _pendingSwapCopies) + SimDuration.FromSeconds(_pendingSwapBytes / _options.HostLinkBytesPerSecond);

    private void AddToFingerprint(Iteration iteration, long batch, int freeBlocks) =>
        _fingerprint.AddIteration(iteration.Start, iteration.End, batch, iteration.PrefillPairs + iteration.DecodeContextTokens, freeBlocks);

    private void AddToFingerprint(ReadOnlySpan<LayerSlice> slices)
    {
        foreach (ref readonly var slice in slices)
        {
            _fingerprint.Add(((long)slice.FirstSublayer << 32) | (uint)slice.EndSublayer);
            _fingerprint.Add(((long)slice.PrefillTokens << 32) | (uint)slice.PrefillSequences);
        }
    }

    private static bool IsPolicys(Exception cause) => cause is not (PolicyFault or InvariantException or InputException);

    private PolicyFault Blame(Exception cause) =>
        new(_run.PolicyName, _state.Index, _state.Now, null, $"the policy threw {cause.GetType().Name}: {cause.Message}", cause);
}
