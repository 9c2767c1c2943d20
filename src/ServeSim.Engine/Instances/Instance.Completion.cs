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
            ref var fields = ref _table[row];
            if (fields.State == RequestState.Aborted)
            {
                Forget(iteration, entry);
                continue;
            }

            fields.InFlight = false;
            if (!entry.IsDecode && !HasLeftLastLayer(iteration, entry)) continue;
            var context = fields.Context += entry.Tokens;
            if (context > fields.HighWater)
            {
                fields.HighWater = context;
                _guard.Progress();
            }

            if (!entry.IsDecode)
            {
                if (context < fields.PrefillTarget) continue;
                _state.Prefilling.Remove(row);
            }

            // The last token waits for the known ones that the prefill left out, or they would never be computed.
            if (fields.OwedTokens > 0 && (fields.FirstTokenAt != SimTime.Never || fields.Spec.OutputTokens == 1))
            {
                fields.OwedTokens--;
                continue;
            }

            emitted++;
            if (TryEmit(row, now, out var gap)) gaps.Add(gap, 1);
            if (fields.Generated == fields.Spec.OutputTokens) _ended.Add(row);
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
        ref var fields = ref _table[row];
        gap = now - fields.LastTokenAt;
        var isFirst = fields.Generated++ == 0;
        fields.LastTokenAt = now;
        ref readonly var spec = ref fields.Spec;
        if (isFirst)
        {
            fields.FirstTokenAt = now;
            _run.Router.OnFirstToken(row);
            if (spec.Slo is { Ttft: { } ttft }) fields.TokenDeadline = spec.Arrival + ttft;
        }
        else if (gap > fields.MaxGap)
        {
            fields.MaxGap = gap;
        }

        if (now <= fields.TokenDeadline) fields.OnTimeTokens++;
        if (fields.TokenDeadline != SimTime.Never)
            fields.TokenDeadline = spec.Slo!.Pace is { } pace ? fields.TokenDeadline + pace : SimTime.Never;
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
                _table[row].State = RequestState.Finished;
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
