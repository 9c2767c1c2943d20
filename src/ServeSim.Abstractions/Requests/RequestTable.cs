namespace ServeSim.Abstractions;

/// <summary>
/// Requests in flight, one row each (docs/adr/0012). Rows are reused once a request has ended, so the size follows the requests in
/// flight and not the trace. Only the engine writes; policies read through <see cref="RequestView"/>.
/// </summary>
public sealed class RequestTable
{
    internal const int NoRow = -1;

    private RequestFields[] _rows = [];
    internal readonly RequestLinks Queue = new();    // waiting, running or swapped: a request is in exactly one
    internal readonly RequestLinks Prefill = new();  // running requests whose prefill is not complete

    internal long LastPlanStamp;
    internal long LastAdmission;

    private readonly Stack<int> _freeRows = new();
    private int _used;

    internal int Live { get; private set; }

    /// <summary>A row; the reference is good until a request is added.</summary>
    internal ref RequestFields this[int row] => ref _rows[row];

    internal int Add(long number, in RequestSpec spec)
    {
        if (!_freeRows.TryPop(out var row))
        {
            if (_used == _rows.Length) Grow(Math.Max(64, 2 * _used));
            row = _used++;
        }

        Live++;
        ref var fields = ref _rows[row];
        fields = default;
        fields.Number = number;
        fields.Spec = spec;
        fields.State = RequestState.Waiting;
        fields.Instance = NoRow;
        fields.PrefillTarget = spec.InputTokens;
        fields.QueuedAt = fields.LastTokenAt = spec.Arrival;
        fields.ScheduledAt = fields.FirstTokenAt = fields.TokenDeadline = fields.GiveUpAt = SimTime.Never;
        return row;
    }

    internal void Release(int row)
    {
        _rows[row].State = RequestState.None;
        _rows[row].Spec = default;
        _freeRows.Push(row);
        Live--;
    }

    /// <summary>Tokens decoded since the row joined a cohort; the row does not hold them yet.</summary>
    internal int UnwrittenTokens(int row) => ClockOf(row) is { } clock ? (int)(clock.Step - _rows[row].JoinStep) : 0;

    /// <summary>The clock of the row's cohort at this moment, or null.</summary>
    internal DecodeClock? ClockOf(int row)
    {
        _rows[row].Clock?.CatchUp();
        return _rows[row].Clock;
    }

    internal bool IsInFlight(int row) => _rows[row].InFlight || ClockOf(row) is { IsInFlight: true };

    /// <summary>Tokens that the next prefill must compute if the row loses its KV now.</summary>
    internal int TargetAfterPreemption(int row, PreemptMode mode)
    {
        if (mode == PreemptMode.RecomputeCached && _rows[row].Context >= _rows[row].PrefillTarget && _rows[row].OwedTokens == 0) return _rows[row].Context;
        var processed = _rows[row].Context + (_rows[row].Context < _rows[row].PrefillTarget ? 0 : 1);
        return mode == PreemptMode.RecomputeProcessed && processed > 0 ? processed : _rows[row].Spec.InputTokens + _rows[row].Generated;
    }

    /// <summary>Rows in use, in the order of their requests' numbers.</summary>
    internal IEnumerable<int> LiveRows() =>
        Enumerable.Range(0, _used).Where(row => _rows[row].State != RequestState.None).OrderBy(row => _rows[row].Number).ToList();

    private void Grow(int rows)
    {
        Array.Resize(ref _rows, rows);
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
