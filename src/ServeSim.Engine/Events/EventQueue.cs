using ServeSim.Abstractions;

namespace ServeSim.Engine.Events;

/// <summary>
/// Events by (time, rank, sequence): a 4-ary heap that numbers events itself, so that a tie cannot be forgotten.
/// </summary>
public sealed class EventQueue
{
    private const int Arity = 4;
    private const int SequenceBits = 56;

    private Entry[] _heap = new Entry[64];
    private ulong _sequence;

    /// <summary>Events in the queue.</summary>
    public int Count { get; private set; }

    /// <summary>Time of the next event, or <see cref="SimTime.Never"/>.</summary>
    public SimTime NextTime => Count == 0 ? SimTime.Never : new SimTime(_heap[0].Time);

    /// <summary>Rank of the next event; meaningless when the queue is empty.</summary>
    public EventRank NextRank => (EventRank)(_heap[0].Order >> SequenceBits);

    /// <summary>Adds an event behind all events of its time and rank.</summary>
    public void Push(SimTime time, EventRank rank, int target)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, 2 * Count);
        var entry = new Entry(time.Nanoseconds, ((ulong)rank << SequenceBits) | _sequence++, target);
        var hole = Count++;
        while (hole > 0)
        {
            var parent = (hole - 1) / Arity;
            if (!entry.Before(_heap[parent])) break;
            _heap[hole] = _heap[parent];
            hole = parent;
        }

        _heap[hole] = entry;
    }

    /// <summary>Takes the next event; false if there is none.</summary>
    public bool TryPop(out SimEvent next)
    {
        var isOne = Count > 0;
        next = isOne ? Pop() : default;
        return isOne;
    }

    /// <summary>Takes the next event; there must be one.</summary>
    public SimEvent Pop()
    {
        var top = _heap[0];
        var next = new SimEvent(new SimTime(top.Time), (EventRank)(top.Order >> SequenceBits), top.Target);
        var last = _heap[--Count];
        var hole = 0;
        while (true)
        {
            var first = (Arity * hole) + 1;
            if (first >= Count) break;
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Arity, Count); child++)
                if (_heap[child].Before(_heap[least])) least = child;
            if (!_heap[least].Before(last)) break;
            _heap[hole] = _heap[least];
            hole = least;
        }

        _heap[hole] = last;
        return next;
    }

    private readonly record struct Entry(long Time, ulong Order, int Target)
    {
        public bool Before(in Entry other) => Time < other.Time || (Time == other.Time && Order < other.Order);
    }
}
