namespace ServeSim.Abstractions;

/// <summary>
/// Requests in flight, one array per field. Rows are reused once a request has ended, so the size follows
/// the requests in flight and not the trace. Only the engine writes; policies read through <see cref="RequestView"/>.
/// </summary>
public sealed class RequestTable
{
    internal const int NoRow = -1;

    internal long[] Number = [];            // position in arrival order; identifies the request for ever
    internal RequestSpec[] Spec = [];
    internal RequestState[] State = [];
    internal int[] Instance = [];
    internal int[] PrefillTarget = [];      // tokens whose KV the current prefill must produce: p + g at admission
    internal int[] OwedTokens = [];         // known tokens that the prefill leaves out (RecomputeProcessed); paid by decodes
    internal int[] Context = [];            // tokens whose KV is in memory (GPU or host)
    internal int[] Sublayers = [];          // that the current chunk has crossed (LayerSlice); 0 between chunks
    internal int[] ChunkTokens = [];        // of that chunk
    internal int[] Generated = [];
    internal int[] HighWater = [];          // largest context ever reached; progress for the livelock guard
    internal int[] Blocks = [];             // GPU blocks owned
    internal int[] HostBlocks = [];
    internal bool[] InFlight = [];          // part of an iteration that has not ended
    internal SimTime[] QueuedAt = [];       // when it last entered the waiting queue
    internal SimTime[] ScheduledAt = [];    // start of its first iteration, or Never
    internal SimTime[] FirstTokenAt = [];   // or Never
    internal SimTime[] LastTokenAt = [];
    internal SimDuration[] MaxGap = [];
    internal SimTime[] TokenDeadline = [];  // of the next token under the request's TTFT and TBT limits
    internal int[] OnTimeTokens = [];
    internal SimTime[] GiveUpAt = [];       // when its client looks again whether to give up
    internal int[] Preemptions = [];
    internal long[] RecomputedTokens = [];
    internal long[] PlanStamp = [];         // plan in which the row was last named
    internal int[] PlanEntry = [];          // its item there
    internal long[] Admission = [];         // order of admissions to the GPU; sorts like the running list
    internal DecodeClock?[] Clock = [];     // of the decode cohort that the row is in, or null; then the columns date from JoinStep
    internal long[] JoinStep = [];
    internal int[] CohortPlace = [];
    internal readonly RequestLinks Queue = new();    // waiting, running or swapped: a request is in exactly one
    internal readonly RequestLinks Prefill = new();  // running requests whose prefill is not complete

    internal long LastPlanStamp;
    internal long LastAdmission;

    private readonly Stack<int> _freeRows = new();
    private int _used;

    internal int Live { get; private set; }

    internal int Add(long number, in RequestSpec spec)
    {
        if (!_freeRows.TryPop(out var row))
        {
            if (_used == Number.Length) Grow(Math.Max(64, 2 * _used));
            row = _used++;
        }

        Live++;
        Number[row] = number;
        Spec[row] = spec;
        State[row] = RequestState.Waiting;
        Instance[row] = NoRow;
        PrefillTarget[row] = spec.InputTokens;
        OwedTokens[row] = Context[row] = Generated[row] = HighWater[row] = Blocks[row] = HostBlocks[row] = Sublayers[row] = ChunkTokens[row] = 0;
        InFlight[row] = false;
        QueuedAt[row] = LastTokenAt[row] = spec.Arrival;
        ScheduledAt[row] = FirstTokenAt[row] = TokenDeadline[row] = GiveUpAt[row] = SimTime.Never;
        MaxGap[row] = SimDuration.Zero;
        OnTimeTokens[row] = Preemptions[row] = PlanEntry[row] = 0;
        RecomputedTokens[row] = PlanStamp[row] = 0;
        Clock[row] = null;
        return row;
    }

    internal void Release(int row)
    {
        State[row] = RequestState.None;
        Spec[row] = default;
        _freeRows.Push(row);
        Live--;
    }

    /// <summary>Tokens decoded since the row joined a cohort; the columns do not hold them yet.</summary>
    internal int UnwrittenTokens(int row) => ClockOf(row) is { } clock ? (int)(clock.Step - JoinStep[row]) : 0;

    /// <summary>The clock of the row's cohort at this moment, or null.</summary>
    internal DecodeClock? ClockOf(int row)
    {
        Clock[row]?.CatchUp();
        return Clock[row];
    }

    internal bool IsInFlight(int row) => InFlight[row] || ClockOf(row) is { IsInFlight: true };

    /// <summary>Tokens that the next prefill must compute if the row loses its KV now.</summary>
    internal int TargetAfterPreemption(int row, PreemptMode mode)
    {
        if (mode == PreemptMode.RecomputeCached && Context[row] >= PrefillTarget[row] && OwedTokens[row] == 0) return Context[row];
        var processed = Context[row] + (Context[row] < PrefillTarget[row] ? 0 : 1);
        return mode == PreemptMode.RecomputeProcessed && processed > 0 ? processed : Spec[row].InputTokens + Generated[row];
    }

    /// <summary>Rows in use, in the order of their requests' numbers.</summary>
    internal IEnumerable<int> LiveRows() =>
        Enumerable.Range(0, _used).Where(row => State[row] != RequestState.None).OrderBy(row => Number[row]).ToList();

    private void Grow(int rows)
    {
        Array.Resize(ref Number, rows);
        Array.Resize(ref Spec, rows);
        Array.Resize(ref State, rows);
        Array.Resize(ref Instance, rows);
        Array.Resize(ref PrefillTarget, rows);
        Array.Resize(ref OwedTokens, rows);
        Array.Resize(ref Context, rows);
        Array.Resize(ref Sublayers, rows);
        Array.Resize(ref ChunkTokens, rows);
        Array.Resize(ref Generated, rows);
        Array.Resize(ref HighWater, rows);
        Array.Resize(ref Blocks, rows);
        Array.Resize(ref HostBlocks, rows);
        Array.Resize(ref InFlight, rows);
        Array.Resize(ref QueuedAt, rows);
        Array.Resize(ref ScheduledAt, rows);
        Array.Resize(ref FirstTokenAt, rows);
        Array.Resize(ref LastTokenAt, rows);
        Array.Resize(ref MaxGap, rows);
        Array.Resize(ref TokenDeadline, rows);
        Array.Resize(ref OnTimeTokens, rows);
        Array.Resize(ref GiveUpAt, rows);
        Array.Resize(ref Preemptions, rows);
        Array.Resize(ref RecomputedTokens, rows);
        Array.Resize(ref PlanStamp, rows);
        Array.Resize(ref PlanEntry, rows);
        Array.Resize(ref Admission, rows);
        Array.Resize(ref Clock, rows);
        Array.Resize(ref JoinStep, rows);
        Array.Resize(ref CohortPlace, rows);
        Queue.Grow(rows);
        Prefill.Grow(rows);
    }
}

/// <summary>The link columns that <see cref="RequestList"/> threads its members through.</summary>
internal sealed class RequestLinks
{
    internal int[] Next = [];
    internal int[] Previous = [];

    internal void Grow(int rows)
    {
        Array.Resize(ref Next, rows);
        Array.Resize(ref Previous, rows);
    }
}
