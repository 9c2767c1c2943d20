using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>Carrying a plan out: the only place where requests change queues and blocks change owners.</summary>
internal sealed partial class Instance
{
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
                _ledger.Take(item.Row, item.NewBlocks - _table[item.Row].Blocks);
            }
            else if (item.NewBlocks > 0)
            {
                _ledger.Take(item.Row, item.NewBlocks);
            }
        }

        if (_plan.CohortAt >= 0) _ledger.TakeForCohort(_cohort!.BlocksForStep);
        if (_state.FreeBlocks != _plan.FreeBlocks)
            throw new InvariantException($"INV-4: the plan counted {_plan.FreeBlocks} free blocks, the ledger {_state.FreeBlocks}");
    }

    private void Preempt(in Preemption preemption)
    {
        var row = preemption.Row;
        _state.Running.Remove(row);
        DropLayers(row);
        if (_table[row].Context < _table[row].PrefillTarget) _state.Prefilling.Remove(row);
        _table[row].Preemptions++;
        _pendingPreemptions++;
        if (preemption.Mode == PreemptMode.Swap)
        {
            _pendingSwapBytes += _ledger.SwapOut(row);
            _pendingSwapCopies++;
            _table[row].State = RequestState.Swapped;
            _state.Swapped.PushBack(row);
        }
        else
        {
            _table[row].PrefillTarget = _table.TargetAfterPreemption(row, preemption.Mode);
            _table[row].OwedTokens = _table[row].Spec.InputTokens + _table[row].Generated - _table[row].PrefillTarget;
            _ledger.Free(row);
            _table[row].RecomputedTokens += _table[row].Context;
            _table[row].Context = 0;
            _table[row].State = RequestState.Waiting;
            _table[row].QueuedAt = _state.Now;
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
        _table[row].State = RequestState.Running;
        _table[row].Admission = ++_table.LastAdmission;
        _state.Running.PushBack(row);
        if (_table[row].Context < _table[row].PrefillTarget) _state.Prefilling.PushBack(row);
    }
}
