using System.Diagnostics.CodeAnalysis;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Holds records back for as long as an earlier one may still come.</summary>
internal sealed class ReorderWindow(SimDuration window)
{
    private readonly PriorityQueue<TraceRecord, (long Time, long Number)> _held = new();
    private long _newest;
    private long _released;

    /// <summary>Adds a record; false when it comes later than the window allows.</summary>
    public bool TryAdd(TraceRecord record, out SimDuration late)
    {
        // One without arrival follows its parents; it keeps its place among its neighbours.
        var time = record.Arrival?.Nanoseconds ?? _newest;
        late = new SimDuration(Math.Max(0, _released - time));
        if (late > SimDuration.Zero) return false;
        _newest = Math.Max(_newest, time);
        _held.Enqueue(record, (time, record.Number));
        return true;
    }

    /// <summary>The earliest record, if nothing earlier can come (or the input has ended).</summary>
    public bool TryTake(bool ended, [NotNullWhen(true)] out TraceRecord? record)
    {
        if (!_held.TryPeek(out record, out var key) || (!ended && key.Time + window.Nanoseconds > _newest)) return false;
        _held.Dequeue();
        _released = key.Time;
        return true;
    }
}
