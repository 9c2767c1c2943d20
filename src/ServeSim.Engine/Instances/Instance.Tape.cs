using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>
/// A held plan is worked out ahead, up to the first change that the instance itself can foresee: these iterations are the
/// tape. Only the end of the last one is an event. Whoever needs the instance before makes it catch up: what has ended by then
/// is done, the rest stands or is dropped.
/// </summary>
internal sealed partial class Instance
{
    private const int LongestTape = 128;

    private readonly SimDuration[] _tapeTimes = [];
    private readonly SimTime[] _tapeEnds = [];
    private readonly int[] _tapeBlocks = [];    // in use while each iteration runs
    private int _tapeLength;                    // iterations on the tape; 0 without one
    private int _tapeDone;                      // those of them that have been taken as done; the next one is in flight
    private SimTime _doneUntil;

    /// <summary>Takes as done what has ended by now.</summary>
    public void CatchUp()
    {
        if (_tapeLength == 0) return;
        var now = _run.Now;
        var isPlanned = _run.PlannedAt == now;    // what ends at this instant has been followed by the next iteration already
        var done = _tapeDone;
        while (done < _tapeLength - 1 && (_tapeEnds[done] < now || (isPlanned && _tapeEnds[done] == now))) done++;
        TakeAsDone(done);
        if (done >= _tapeLength - 1 || _tapeEnds[done] != now) return;

        // It ends in the instant that is being handled, as any other iteration.
        _tapeLength = 0;
        CompleteIteration(now);
        _run.Touch(_state.Index);
    }

    /// <summary>The run stops here; returns the end of the last iteration that is done.</summary>
    public SimTime CatchUpAtEnd(SimTime time)
    {
        var done = _tapeDone;
        while (done < _tapeLength - 1 && _tapeEnds[done] <= time) done++;
        if (_tapeLength > 0) TakeAsDone(done);
        _cohort?.WriteAll();
        return _doneUntil;
    }

    /// <summary>Something changes: what is in flight ends, the rest of the tape will not happen.</summary>
    private void DropTape()
    {
        CatchUp();
        if (_tapeLength == 0) return;
        _tapeLength = 0;
        _run.Ends.Set(_state.Index, _inFlight.Peek().End);
    }

    /// <summary>Works out the iterations that follow the one about to run.</summary>
    private void LayTape(Iteration iteration)
    {
        var limit = _run.RunAheadLimit;
        if (iteration.End >= limit || iteration.End == iteration.Start || iteration.SwappedBytes > 0 || iteration.Preemptions > 0) return;

        var length = Math.Min(Math.Min(LongestTape, _heldFor), Math.Min(_run.EventsLeft, _cohort!.StepsToFinish));
        if (limit != SimTime.Never) length = Math.Min(length, 2 + ((limit - iteration.End).Nanoseconds / (iteration.End - iteration.Start).Nanoseconds));
        if (length < 2) return;
        _tapeBlocks[0] = _ledger.UsedBlocks;
        length = _cohort.ComingBlocks(_tapeBlocks.AsSpan(0, (int)length), _state.TotalBlocks - _plan.SpareBlocks);
        if (length < 2) return;

        // Costs are cheapest in whole vectors.
        _cost.DecodeTimes(HeldShape(1), _tapeTimes.AsSpan(1, Math.Min(LongestTape - 1, ((int)length + 2) & ~3)));
        var times = _tapeTimes.AsSpan(1, (int)length - 1);
        var latest = iteration.Start + IRunObserver.MostLag;
        var end = _tapeEnds[0] = iteration.End;
        var ends = _tapeEnds.AsSpan(1, times.Length);
        var count = 0;
        for (; count < times.Length && end < limit; count++)
        {
            var next = end + times[count];
            if (next <= end || next > latest) break;
            ends[count] = end = next;
        }

        (_tapeLength, _tapeDone) = (count > 0 ? count + 1 : 0, 0);
    }

    /// <summary>The first iterations of the tape are over, so many of them, and the next one runs.</summary>
    private void TakeAsDone(int done)
    {
        var first = _tapeDone;
        if (done == first) return;
        if (!_tellsPolicy)
        {
            Report(first, done);
            Skip(first, done);
            return;
        }

        for (; first < done; first++)
        {
            var (start, end) = (_inFlight.Peek().Start, _tapeEnds[first]);
            Report(first, first + 1);
            Skip(first, first + 1);
            TellPolicy(start, end, _inFlight.Peek().DecodeSequences, []);
        }
    }

    /// <summary>The tape ends with the iteration that ends now; true if that one has been reported with the others.</summary>
    private bool EndTape()
    {
        var (first, last) = (_tapeDone, _tapeLength - 1);
        var isReported = !_tellsPolicy && last > first;
        if (isReported)
        {
            Report(first, _tapeLength);
            Skip(first, last);
        }
        else
        {
            TakeAsDone(last);
        }

        _tapeLength = 0;
        return isReported;
    }

    /// <summary>Tells the observer of iterations of the tape.</summary>
    private void Report(int first, int end)
    {
        var iteration = _inFlight.Peek();
        _run.Observer.OnDecodeRun(new DecodeRun
        {
            Instance = _state.Index,
            Start = iteration.Start,
            LastToken = _cohort!.LastToken,
            Sequences = _cohort.Count,
            Rows = _cohort.Count + _padRows,
            DecodeContextTokens = iteration.DecodeContextTokens,
            WaitingRequests = iteration.WaitingRequests,
            CarriedTokens = _carriedTokens,
            Ends = _tapeEnds.AsSpan(first, end - first),
            UsedBlocks = _tapeBlocks.AsSpan(first, end - first),
        });
    }

    private void Skip(int first, int done)
    {
        var iteration = _inFlight.Peek();
        var cohort = _cohort!;
        var (count, rows) = (done - first, cohort.Count + _padRows);
        var ends = _tapeEnds.AsSpan(first, count);
        _tapeDone = done;
        _doneUntil = _state.Now = ends[^1];
        _run.EventsLeft -= count;
        _heldFor -= count;
        _state.HeldIterations += count;
        _padContext += (long)count * _padRows;
        cohort.Advance(ends);
        cohort.IsInFlight = true;
        _guard.Progress();
        _ledger.TakeForCohort(_tapeBlocks[done] - _tapeBlocks[first]);
        var work = iteration.DecodeContextTokens;
        var start = ends[0];
        var free = _state.TotalBlocks;
        var fingerprint = _fingerprint;
        var blocks = _tapeBlocks.AsSpan(first + 1, count);
        foreach (var end in _tapeEnds.AsSpan(first + 1, count))
        {
            work += rows;
            fingerprint.AddIteration(start, end, rows, work, free - blocks[0]);
            start = end;
            blocks = blocks[1..];
        }

        _fingerprint = fingerprint;
        _state.LastIterationTime = ends[^1] - (count > 1 ? ends[^2] : iteration.Start);
        Describe(iteration, ends[^1], _tapeBlocks[done], work);
        _stageFreeAt[0] = iteration.End = _tapeEnds[done];
    }

    /// <summary>The iteration, or the last one of the tape that follows it, is the instance's next event.</summary>
    private void Launch(Iteration iteration)
    {
        _inFlight.Enqueue(iteration);
        if (_isHeld && !_options.Audit && _carriedTokens == 0) LayTape(iteration);
        if (_tapeLength > 0 && _run.KeepsOrder)
        {
            TakeAsDone(_tapeLength - 1);
            _tapeLength = 0;
        }

        if (_inFlight.Count == 1) _run.Ends.Set(_state.Index, _tapeLength > 0 ? _tapeEnds[_tapeLength - 1] : iteration.End);
    }
}
