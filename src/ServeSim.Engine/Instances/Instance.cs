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
    private readonly SimTime[] _stageFreeAt;
    private LivelockGuard _guard;
    private Fingerprint _fingerprint;
    private SimTime _wakeAt = SimTime.Never;
    private long _pendingSwapBytes;
    private int _pendingSwapCopies;
    private int _pendingPreemptions;

    public Instance(int index, EngineOptions options, Run run, ICostModel cost, IBatchPolicy policy)
    {
        (_options, _run, _cost, _policy, _table) = (options, run, cost, policy, run.Table);
        _state = new(index, _table, options.BlockSize, options.TotalBlocks, options.HostBlocks, cost.PipelineStages);
        _ledger = new(_table, _state, options.Watermark ?? policy.Limits.Watermark, options.BytesPerBlock);
        _cohort = options.Kind == EngineKind.Fast && CanShareSteps(cost, policy) ? new(_table, options.BlockSize) : null;
        _plan = new(_table, _state, _ledger, cost, run.PolicyName, _cohort);
        _stageFreeAt = new SimTime[cost.PipelineStages];
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
        _table.Instance[row] = _state.Index;
        _table.State[row] = RequestState.Waiting;
        _state.Waiting.PushBack(row);
        _isHeld = false;
        _run.CountWaiting(+1);
        UpdateSignals();
        _state.Now = _run.Now;
        try
        {
            _policy.OnArrived(new RequestView(_table, row));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }
    }

    /// <summary>Plans and starts iterations while a slot is free and the policy has work for it. Called once an instant is closed.</summary>
    public void StartIterations(SimTime now)
    {
        _state.Now = now;
        if (TryStartHeld(now)) return;
        while (_inFlight.Count < _state.PipelineStages && _stageFreeAt[0] <= now)
        {
            if (_state.Waiting.IsEmpty && _state.Running.IsEmpty && _state.Swapped.IsEmpty) return;
            if (!Plan()) return;
            Commit();
            if (_plan.SequenceCount > 0) Start();
        }
    }

    public void CompleteIteration(SimTime now)
    {
        _state.Now = now;
        var iteration = _inFlight.Dequeue();
        var emitted = 0;
        var gaps = new GapRun(_run.Observer);
        for (var i = 0; i < iteration.Count; i++)
        {
            if (i == iteration.CohortAt) emitted += AdvanceCohort(iteration, now, ref gaps);
            ref readonly var entry = ref iteration.Entries[i];
            var row = entry.Row;
            _table.InFlight[row] = false;
            var context = _table.Context[row] += entry.Tokens;
            if (context > _table.HighWater[row])
            {
                _table.HighWater[row] = context;
                _guard.Progress();
            }

            if (!entry.IsDecode)
            {
                if (context < _table.PrefillTarget[row]) continue;
                _state.Prefilling.Remove(row);
            }

            if (_table.OwedTokens[row] > 0 && _table.FirstTokenAt[row] != SimTime.Never)
            {
                _table.OwedTokens[row]--;
                continue;
            }

            emitted++;
            if (TryEmit(row, now, out var gap)) gaps.Add(gap, 1);
            if (_table.Generated[row] == _table.Spec[row].OutputTokens) _ended.Add(row);
            else if (_plan.UsesCohort) _joining.Add(row);
        }

        if (iteration.CohortAt == iteration.Count) emitted += AdvanceCohort(iteration, now, ref gaps);
        gaps.Flush();
        JoinCohort(now);
        if (_ended.Count > 0) _isHeld = false;
        Observe(iteration, emitted);
        _state.LastIterationTime = now - iteration.Start;
        Finish(iteration, now);
        _spare.Push(iteration);
        UpdateSignals();
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
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }
        finally
        {
            _plan.Close();
        }

        if (_plan.Wake != SimTime.Never && _plan.Wake != _wakeAt) _run.Events.Push(_plan.Wake, EventRank.Wake, _state.Index);
        _wakeAt = _plan.Wake;    // each plan replaces the wake-up of the one before

        return !_plan.DoesNothing;
    }

    /// <summary>Carries the plan out: preemptions and refusals first, then admissions, swap-ins and blocks.</summary>
    private void Commit()
    {
        foreach (var preemption in _plan.Preemptions) Preempt(preemption);
        foreach (var refusal in _plan.Refusals)
        {
            _state.Waiting.Remove(refusal.Row);
            _run.CountWaiting(-1);
            _guard.Progress();
            _run.End(refusal.Row, RequestState.Rejected, refusal.Reason);
            _table.Release(refusal.Row);
        }

        foreach (ref readonly var item in _plan.Items)
        {
            if (item.IsAdmission) Admit(item.Row);
            if (item.IsSwapIn)
            {
                _pendingSwapBytes += _ledger.SwapIn(item.Row);
                _pendingSwapCopies++;
                _state.Swapped.Remove(item.Row);
                Activate(item.Row);
                _ledger.Take(item.Row, item.NewBlocks - _table.Blocks[item.Row]);
            }
            else if (item.NewBlocks > 0)
            {
                _ledger.Take(item.Row, item.NewBlocks);
            }
        }

        if (_plan.CohortAt >= 0) _ledger.TakeForCohort(_cohort!.BlocksForStep);
        if (_state.FreeBlocks != _plan.FreeBlocks)
            throw new InvariantException($"INV-4: the plan counted {_plan.FreeBlocks} free blocks, the ledger {_state.FreeBlocks}");
        if (_plan.SequenceCount == 0) UpdateSignals();
    }

    private void Preempt(in Preemption preemption)
    {
        var row = preemption.Row;
        _state.Running.Remove(row);
        if (_table.Context[row] < _table.PrefillTarget[row]) _state.Prefilling.Remove(row);
        _table.Preemptions[row]++;
        _pendingPreemptions++;
        if (preemption.Mode == PreemptMode.Swap)
        {
            _pendingSwapBytes += _ledger.SwapOut(row);
            _pendingSwapCopies++;
            _table.State[row] = RequestState.Swapped;
            _state.Swapped.PushBack(row);
        }
        else
        {
            _table.PrefillTarget[row] = _table.TargetAfterPreemption(row, preemption.Mode);
            _table.OwedTokens[row] = _table.Spec[row].InputTokens + _table.Generated[row] - _table.PrefillTarget[row];
            _ledger.Free(row);
            _table.RecomputedTokens[row] += _table.Context[row];
            _table.Context[row] = 0;
            _table.State[row] = RequestState.Waiting;
            _table.QueuedAt[row] = _state.Now;
            _run.CountWaiting(+1);
            if (preemption.End == QueueEnd.Front) _state.Waiting.PushFront(row); else _state.Waiting.PushBack(row);
        }

        try
        {
            _policy.OnPreempted(new RequestView(_table, row));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }
    }

    private void Admit(int row)
    {
        _state.Waiting.Remove(row);
        _run.CountWaiting(-1);
        Activate(row);
    }

    private void Activate(int row)
    {
        _table.State[row] = RequestState.Running;
        _table.Admission[row] = ++_table.LastAdmission;
        _state.Running.PushBack(row);
        if (_table.Context[row] < _table.PrefillTarget[row]) _state.Prefilling.PushBack(row);
    }

    private void Start()
    {
        var iteration = _spare.TryPop(out var spare) ? spare : new Iteration();
        var shape = _plan.Shape();
        iteration.Start = _state.Now;
        iteration.PrefillTokens = shape.PrefillTokens;
        iteration.PrefillSequences = shape.PrefillSequences;
        iteration.DecodeSequences = _plan.DecodeCount;
        (iteration.PrefillPairs, iteration.DecodeContextTokens) = (shape.PrefillPairs, shape.DecodeContextTokens);
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
            iteration.Add(new(item.Row, _table.Number[item.Row], item.Tokens, item.IsDecode));
            _table.InFlight[item.Row] = true;
            if (_table.ScheduledAt[item.Row] == SimTime.Never) _table.ScheduledAt[item.Row] = _state.Now;
        }

        if (_plan.CohortAt == items.Length) AddCohort(iteration);
        iteration.End = Occupy(shape, _state.Now, SwapTime());
        (_pendingSwapBytes, _pendingSwapCopies, _pendingPreemptions) = (0, 0, 0);
        AddToFingerprint(iteration, shape);
        _isHeld = _plan.IsHeld;
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

    /// <summary>Counts a token that has come out; true if it follows another one by <paramref name="gap"/>.</summary>
    private bool TryEmit(int row, SimTime now, out SimDuration gap)
    {
        gap = now - _table.LastTokenAt[row];
        var isFirst = _table.Generated[row]++ == 0;
        _table.LastTokenAt[row] = now;
        ref readonly var spec = ref _table.Spec[row];
        if (isFirst)
        {
            _table.FirstTokenAt[row] = now;
            _run.Router.OnFirstToken(row);
            if (spec.Slo is { Ttft: { } ttft }) _table.TokenDeadline[row] = spec.Arrival + ttft;
        }
        else if (gap > _table.MaxGap[row])
        {
            _table.MaxGap[row] = gap;
        }

        if (now <= _table.TokenDeadline[row]) _table.OnTimeTokens[row]++;
        if (_table.TokenDeadline[row] != SimTime.Never && spec.Slo?.Tbt is { } tbt) _table.TokenDeadline[row] += tbt;
        return !isFirst;
    }

    private void Finish(Iteration iteration, SimTime now)
    {
        try
        {
            foreach (var row in _ended)
            {
                _state.Running.Remove(row);
                _ledger.Free(row);
                _table.State[row] = RequestState.Finished;
                _policy.OnFinished(new RequestView(_table, row));
                _run.End(row, RequestState.Finished, null);
            }

            _policy.OnIterationEnd(new IterationView(iteration.Start, now, iteration.Entries.AsSpan(0, iteration.Count), _table));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }

        foreach (var row in _ended) _table.Release(row);
        _ended.Clear();
    }

    private void Observe(Iteration iteration, int emitted) => _run.Observer.OnIteration(new IterationRecord
    {
        Instance = _state.Index,
        Start = iteration.Start,
        End = iteration.End,
        PrefillTokens = iteration.PrefillTokens,
        PrefillSequences = iteration.PrefillSequences,
        DecodeSequences = iteration.DecodeSequences,
        EmittedTokens = emitted,
        UsedBlocks = iteration.UsedBlocks,
        WaitingRequests = iteration.WaitingRequests,
        Preemptions = iteration.Preemptions,
        SwappedBytes = iteration.SwappedBytes,
        PrefillPairs = iteration.PrefillPairs,
        DecodeContextTokens = iteration.DecodeContextTokens,
    });

    private void AddToFingerprint(Iteration iteration, in BatchShape shape)
    {
        _fingerprint.Add(iteration.Start.Nanoseconds);
        _fingerprint.Add(iteration.End.Nanoseconds);
        _fingerprint.Add(((long)shape.PrefillTokens << 32) | (uint)shape.DecodeSequences);
        _fingerprint.Add(shape.PrefillPairs + shape.DecodeContextTokens);
        _fingerprint.Add(_state.FreeBlocks);
    }

    private void UpdateSignals() => _run.Router.Update(_state);

    private static bool IsPolicys(Exception cause) => cause is not (PolicyFault or InvariantException or InputException);

    private PolicyFault Blame(Exception cause) =>
        new(_run.PolicyName, _state.Index, _state.Now, null, $"the policy threw {cause.GetType().Name}: {cause.Message}", cause);
}
