using System.Numerics;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>
/// Requests of one instance that decode in step: same last token time, blocks exactly for their tokens, progress with
/// every token. A step costs what changes; what a member did is worked out from the log of steps when it leaves.
/// </summary>
internal sealed class DecodeCohort(RequestTable table, int blockSize, Instance instance) : DecodeClock(blockSize)
{
    private const int LogSteps = 4096;

    private readonly int[] _membersAtPhase = new int[blockSize];    // by (context - step) mod block size, which a member keeps
    private long[] _log = new long[64];                             // ends of the steps after _logStart
    private long _logStart;
    private readonly LongestGaps _gaps = new();
    private int[] _rows = new int[64];
    private long[] _finishSteps = new long[64];
    private bool[] _isReserved = new bool[64];                      // owns all blocks that it will ever need
    private long _nextFinish = long.MaxValue;
    private long _largestOffset;                                    // of context over step, which a member keeps
    private bool _isLargestKnown;

    public int Count { get; private set; }

    /// <summary>Sum of the members' contexts.</summary>
    public long ContextTokens { get; private set; }

    /// <summary>Largest context of a member.</summary>
    public int LongestContext
    {
        get
        {
            if (!_isLargestKnown)
            {
                _largestOffset = long.MinValue;
                foreach (var row in Rows) _largestOffset = Math.Max(_largestOffset, table[row].Context - table[row].JoinStep);
                _isLargestKnown = true;
            }

            return (int)(_largestOffset + Step);
        }
    }

    /// <summary>No member was admitted later. An upper bound: it does not fall when a member leaves.</summary>
    public long LatestAdmission { get; private set; }

    /// <summary>Members whose next token needs a block: those whose context fills their last one.</summary>
    public int BlocksForStep => _membersAtPhase[Phase(0)];

    /// <summary>Steps up to the first that may be a member's last, that one included.</summary>
    public long StepsToFinish => _nextFinish - Step;

    private ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count);

    /// <inheritdoc/>
    public override void CatchUp() => instance.CatchUp();

    /// <summary>
    /// Blocks of the instance in use during each of the steps from the one in flight on, whose number is the first entry. Returns how many
    /// of the entries stay within <paramref name="most"/>.
    /// </summary>
    public int ComingBlocks(Span<int> used, int most)
    {
        var members = _membersAtPhase;
        var (phase, sum) = (Phase(0), used[0]);
        for (var i = 1; i < used.Length; i++)
        {
            phase = (phase == 0 ? members.Length : phase) - 1;    // counts of members by phase are read backwards as the steps go on
            sum += members[phase];
            if (sum > most) return i;
            used[i] = sum;
        }

        return used.Length;
    }

    /// <summary>The members as a cost model sees them, so many steps after the next one.</summary>
    public void List(Span<SequenceSpan> members, int later)
    {
        for (var i = 0; i < Count; i++)
        {
            ref readonly var fields = ref table[_rows[i]];
            members[i] = new(1, (int)(fields.Context - fields.JoinStep + Step) + later, true);
        }
    }

    /// <summary>Takes in a row whose token has come out at <paramref name="now"/>; false if it does not go in step with the others.</summary>
    public bool TryJoin(int row, SimTime now)
    {
        ref var fields = ref table[row];
        var context = fields.Context;
        if (Count > 0 && LastToken != now) return false;
        if (fields.OwedTokens > 0 || fields.HighWater != context) return false;
        var isReserved = fields.Blocks != OwnedBlocks(context);
        if (isReserved && fields.Blocks < OwnedBlocks(fields.Spec.InputTokens + fields.Spec.OutputTokens - 1)) return false;
        if (Count == 0) Restart(now);
        if (Count == _rows.Length)
        {
            Array.Resize(ref _rows, 2 * Count);
            Array.Resize(ref _finishSteps, 2 * Count);
            Array.Resize(ref _isReserved, 2 * Count);
        }

        fields.Clock = this;
        fields.JoinStep = Step;
        fields.CohortPlace = Count;
        var finish = Step + fields.Spec.OutputTokens - fields.Generated;
        _rows[Count] = row;
        _isReserved[Count] = isReserved;
        _finishSteps[Count++] = finish;
        _nextFinish = Math.Min(_nextFinish, finish);
        if (!isReserved) _membersAtPhase[Phase(context)]++;
        ContextTokens += context;
        _largestOffset = Math.Max(_largestOffset, context - Step);
        LatestAdmission = Math.Max(LatestAdmission, fields.Admission);
        return true;
    }

    /// <summary>Every member has decoded a token; those for whom it was the last leave.</summary>
    public void Advance(SimTime now, List<int> finished)
    {
        Advance(new ReadOnlySpan<SimTime>(in now));
        if (Step >= _nextFinish) TakeFinished(finished);
    }

    /// <summary>Every member has decoded a token at each of these ends, and for none it was the last.</summary>
    public void Advance(ReadOnlySpan<SimTime> ends)
    {
        IsInFlight = false;
        var previous = LastToken.Nanoseconds;
        LastToken = ends[^1];
        ContextTokens += (long)ends.Length * Count;
        while (!ends.IsEmpty)
        {
            var entry = (int)(Step - _logStart);
            var piece = ends[..Math.Min(ends.Length, LogSteps - entry)];
            if (entry + piece.Length > _log.Length) Array.Resize(ref _log, Math.Max(2 * _log.Length, entry + piece.Length));
            var times = MemoryMarshal.Cast<SimTime, long>(piece);
            times.CopyTo(_log.AsSpan(entry));
            _gaps.Add(Step, previous, times);
            previous = times[^1];
            Step += piece.Length;
            ends = ends[piece.Length..];
            if (entry + piece.Length == LogSteps) StartLog(piece[^1]);
        }
    }

    /// <summary>Brings the row up to date and leaves it to itself.</summary>
    public void Leave(int row)
    {
        Write(row);
        ref var fields = ref table[row];
        var place = fields.CohortPlace;
        var last = _rows[--Count];
        _rows[place] = last;
        if (!_isReserved[place]) _membersAtPhase[Phase(fields.Context)]--;
        _finishSteps[place] = _finishSteps[Count];
        _isReserved[place] = _isReserved[Count];
        table[last].CohortPlace = place;
        fields.Clock = null;
        ContextTokens -= fields.Context;
        _isLargestKnown &= fields.Context - Step < _largestOffset;
    }

    /// <summary>The request of a member ends now, maybe while a step runs, whose token has its place already.</summary>
    public void GiveUp(int row)
    {
        Leave(row);
        table[row].Blocks = Math.Max(table[row].Blocks, OwnedBlocks(table[row].Context));
    }

    /// <summary>All members leave.</summary>
    public void LeaveAll(List<int> rows)
    {
        var first = rows.Count;
        rows.AddRange(Rows);
        for (var i = first; i < rows.Count; i++) Leave(rows[i]);
    }

    /// <summary>Brings the rows of all members up to date.</summary>
    public void WriteAll()
    {
        foreach (var row in Rows) Write(row);
    }

    private void Restart(SimTime now)
    {
        LastToken = now;
        _logStart = Step;
        _gaps.Clear();
        _nextFinish = long.MaxValue;
        LatestAdmission = 0;
        (_largestOffset, _isLargestKnown) = (long.MinValue, true);
    }

    private void StartLog(SimTime now)
    {
        var latest = LastToken;
        LastToken = now;
        WriteAll();
        LastToken = latest;
        _logStart = Step;
        _gaps.Clear();
    }

    private void TakeFinished(List<int> finished)
    {
        var first = finished.Count;
        var steps = _finishSteps.AsSpan(0, Count);
        for (var place = 0; place < steps.Length; place++)
        {
            var ahead = steps[place..].IndexOf(Step);
            if (ahead < 0) break;
            finished.Add(_rows[place += ahead]);
        }

        for (var i = first; i < finished.Count; i++) Leave(finished[i]);
        _nextFinish = Earliest(_finishSteps.AsSpan(0, Count));
    }

    private static long Earliest(ReadOnlySpan<long> steps)
    {
        var earliest = long.MaxValue;
        var lanes = new Vector<long>(earliest);
        var next = 0;
        for (; next + Vector<long>.Count <= steps.Length; next += Vector<long>.Count) lanes = Vector.Min(lanes, new Vector<long>(steps[next..]));
        for (var lane = 0; lane < Vector<long>.Count; lane++) earliest = Math.Min(earliest, lanes[lane]);
        for (; next < steps.Length; next++) earliest = Math.Min(earliest, steps[next]);
        return earliest;
    }

    /// <summary>What the plain executor writes token by token.</summary>
    public override void Write(int row)
    {
        ref var fields = ref table[row];
        var tokens = (int)(Step - fields.JoinStep);
        if (tokens == 0) return;
        var joined = fields.JoinStep;
        fields.JoinStep = Step;
        fields.Generated += tokens;
        fields.HighWater = fields.Context += tokens;
        fields.Blocks = Math.Max(fields.Blocks, (fields.Context + BlockSize - 1) / BlockSize);
        fields.MaxGap = new(Math.Max(fields.MaxGap.Nanoseconds, _gaps.Since(joined)));
        fields.LastTokenAt = LastToken;
        var deadline = fields.TokenDeadline;
        if (deadline == SimTime.Never)
        {
            fields.OnTimeTokens += tokens;
            return;
        }

        var step = fields.Spec.Slo!.Pace!.Value.Nanoseconds;    // without a pace only the first token has a deadline
        fields.OnTimeTokens += OnTime(_log.AsSpan((int)(joined - _logStart), tokens), deadline.Nanoseconds, step);
        fields.TokenDeadline = new(deadline.Nanoseconds + (tokens * step));
    }

    private static int OnTime(ReadOnlySpan<long> ends, long deadline, long step)
    {
        var deadlines = Vector.CreateSequence(deadline, step);
        var counts = Vector<long>.Zero;
        var next = 0;
        for (; next + Vector<long>.Count <= ends.Length; next += Vector<long>.Count)
        {
            counts -= Vector.LessThanOrEqual(new Vector<long>(ends[next..]), deadlines);    // true is -1
            deadlines += new Vector<long>(step * Vector<long>.Count);
        }

        var count = (int)Vector.Sum(counts);
        for (; next < ends.Length; next++) count += ends[next] <= deadline + (next * step) ? 1 : 0;
        return count;
    }

    private int Phase(int context)
    {
        var phase = (int)((context - Step) % BlockSize);
        return phase < 0 ? phase + BlockSize : phase;
    }
}
