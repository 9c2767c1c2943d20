using System.Buffers;

namespace ServeSim.Reporting.Metrics;

/// <summary>How often each value came: an open-addressing table, so that adding is cheap in any order.</summary>
internal sealed class ValueCounts
{
    private const ulong Spread = 0x9E3779B97F4A7C15;

    private Entry[] _entries = [];
    private int _shift = 64;

    /// <summary>Different values.</summary>
    public int Count { get; private set; }

    public void Add(long value, long weight)
    {
        if (4 * Count >= 3 * _entries.Length) Grow();
        ref var entry = ref Find(value);
        if (entry.Weight == 0)
        {
            entry.Value = value;
            Count++;
        }

        entry.Weight += weight;
    }

    /// <summary>Values in rising order, with their weights.</summary>
    public (long[] Values, long[] Weights) Sorted()
    {
        var used = _entries.Where(e => e.Weight > 0).OrderBy(e => e.Value).ToArray();
        return ([.. used.Select(e => e.Value)], [.. used.Select(e => e.Weight)]);
    }

    /// <summary>Adds everything to a sketch and forgets it.</summary>
    public void MoveTo(QuantileSketch sketch)
    {
        foreach (ref readonly var entry in _entries.AsSpan())
            if (entry.Weight > 0) sketch.Add(entry.Value, entry.Weight);
        Return(_entries);
        (_entries, _shift, Count) = ([], 64, 0);
    }

    private ref Entry Find(long value)
    {
        var slot = (int)(unchecked((ulong)value * Spread) >> _shift);
        while (_entries[slot].Weight > 0 && _entries[slot].Value != value) slot = (slot + 1) & (_entries.Length - 1);
        return ref _entries[slot];
    }

    private void Grow()
    {
        var old = _entries;
        var bits = old.Length == 0 ? 7 : 65 - _shift;
        (_entries, _shift) = (ArrayPool<Entry>.Shared.Rent(1 << bits), 64 - bits);
        Array.Clear(_entries);
        foreach (ref readonly var entry in old.AsSpan())
            if (entry.Weight > 0) Find(entry.Value) = entry;
        Return(old);
    }

    private static void Return(Entry[] entries)
    {
        if (entries.Length > 0) ArrayPool<Entry>.Shared.Return(entries);
    }

    private struct Entry
    {
        public long Value;
        public long Weight;
    }
}
