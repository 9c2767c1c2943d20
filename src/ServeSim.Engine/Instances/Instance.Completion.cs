using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>The end of an iteration: tokens come out, requests finish, observers and the policy learn of it.</summary>
internal sealed partial class Instance
{
    public void CompleteIteration(SimTime now)
    {
        var isReported = _tapeLength > 0 && EndTape();
        _state.Now = now;
        var iteration = _inFlight.Dequeue();
        _run.Ends.Set(_state.Index, _inFlight.TryPeek(out var following) ? following.End : SimTime.Never);
        var emitted = 0;
        var gaps = new GapRun(_run.Observer);
        for (var i = 0; i < iteration.Count; i++)
        {
            if (i == iteration.CohortAt) emitted += AdvanceCohort(now, isReported, ref gaps);
            ref readonly var entry = ref iteration.Entries[i];
            var row = entry.Row;
            if (_table.State[row] == RequestState.Aborted)
            {
                Forget(iteration, entry);
                continue;
            }

            _table.InFlight[row] = false;
            if (!entry.IsDecode && !HasLeftLastLayer(iteration, entry)) continue;
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

            // The last token waits for the known ones that the prefill left out, or they would never be computed.
            if (_table.OwedTokens[row] > 0 && (_table.FirstTokenAt[row] != SimTime.Never || _table.Spec[row].OutputTokens == 1))
            {
                _table.OwedTokens[row]--;
                continue;
            }

            emitted++;
            if (TryEmit(row, now, out var gap)) gaps.Add(gap, 1);
            if (_table.Generated[row] == _table.Spec[row].OutputTokens) _ended.Add(row);
            else if (_plan.UsesCohort) _joining.Add(row);
        }

        if (iteration.CohortAt == iteration.Count) emitted += AdvanceCohort(now, isReported, ref gaps);
        gaps.Flush();
        JoinCohort(now);
        if (_ended.Count > 0) HoldThroughEnds();
        if (!isReported) Observe(iteration, emitted);
        _state.LastIterationTime = now - iteration.Start;
        Finish(iteration, now);
        _spare.Push(iteration);
    }

    /// <summary>What was computed for a client that has gone is lost.</summary>
    private void Forget(Iteration iteration, in BatchEntry entry)
    {
        if (!entry.IsDecode) HasLeftLastLayer(iteration, entry);
        DropLayers(entry.Row);
        _gone.Add(entry.Row);
    }

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
        if (_table.TokenDeadline[row] != SimTime.Never)
            _table.TokenDeadline[row] = spec.Slo!.Pace is { } pace ? _table.TokenDeadline[row] + pace : SimTime.Never;
        return !isFirst;
    }

    /// <summary>Requests whose last token has come out end, the oldest first; then the policy learns of the iteration.</summary>
    private void Finish(Iteration iteration, SimTime now)
    {
        if (_ended.Count > 1) _ended.Sort(_byNumber);
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
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }

        if (_tellsPolicy) TellPolicy(iteration.Start, now, iteration.DecodeSequences, iteration.Entries.AsSpan(0, iteration.Count));

        foreach (var row in _ended) _table.Release(row);
        foreach (var row in _gone) _table.Release(row);
        _ended.Clear();
        _gone.Clear();
    }

    private void TellPolicy(SimTime start, SimTime end, int decodeSequences, ReadOnlySpan<BatchEntry> entries)
    {
        try
        {
            _policy.OnIterationEnd(new IterationView(start, end, decodeSequences, entries, _table));
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }
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
        PendingTokens = iteration.PendingTokens,
        LayerShare = iteration.MissedSublayers == 0 ? 1 : 1 - ((double)iteration.MissedSublayers / (2L * _cost.Layers * iteration.PrefillTokens)),
        CarriedTokens = _carriedTokens,
        ExpertReads = iteration.ExpertReads,
    });
}
