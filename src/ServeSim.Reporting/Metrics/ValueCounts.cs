using System.Buffers;
using System.Numerics;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// How often each value came. Samples are noted as they come; only when there are many are they counted by value, in an
/// open-addressing table: a short run ends before, and whether a long one has too many different values is found out in one go.
/// </summary>
/// <param name="limit">Different values that are worth keeping.</param>
internal sealed class ValueCounts(int limit)
{
    private const ulong Spread = 0x9E3779B97F4A7C15;

    private readonly ValueNotes _notes = new(2 * Distribution.ExactEntries);
    private Entry[] _table = [];
    private int _shift = 64;
    private int _different;    // values in the table

    /// <summary>True if there may be more different values than the limit.</summary>
    public bool MayExceed => _different + _notes.Count > limit;

    /// <summary>
    /// Places for the next values of one weight, at most so many; the caller fills them all. Empty if there is no room: then counting
    /// makes some, and from then on a page is counted when it is full.
    /// </summary>
    public Span<long> Note(int values, long weight)
    {
        var places = _notes.Take(values, weight);
        return places.IsEmpty && _different == 0 && _notes.TryTurnPage() ? _notes.Take(values, weight) : places;
    }

    /// <summary>Counts by value what has been noted; false if there are more different values than the limit.</summary>
    public bool TryCount()
    {
        var isFirst = _different == 0;
        if (isFirst) MakeTable(Math.Min(_notes.Count, limit));
        foreach (var (value, weight) in _notes)
        {
            ref var entry = ref Find(value);
            if (entry.Weight > 0)
            {
                entry.Weight += weight;
                continue;
            }

            // The first time it stops at the limit, and the notes stay: they are read faster than the table.
            if (isFirst && _different == limit)
            {
                ForgetTable();
                return false;
            }

            _different++;
            entry = new(value, weight);
            if (4 * _different > 3 * _table.Length) GrowTable();
        }

        _notes.Clear();
        return _different <= limit;
    }

    /// <summary>Values in rising order, with their weights; a value may come several times.</summary>
    public (long[] Values, long[] Weights) Sorted()
    {
        var (values, weights) = (new List<long>(), new List<long>());
        ForEach((value, weight) =>
        {
            values.Add(value);
            weights.Add(weight);
        });
        var sorted = (Values: values.ToArray(), Weights: weights.ToArray());
        Array.Sort(sorted.Values, sorted.Weights);
        return sorted;
    }

    /// <summary>Adds everything to a sketch and forgets it.</summary>
    public void MoveTo(QuantileSketch sketch)
    {
        ForEach(sketch.Add);
        _notes.Clear();
        ForgetTable();
    }

    private void ForEach(Action<long, long> take)
    {
        foreach (var (value, weight) in _notes) take(value, weight);
        foreach (ref readonly var entry in _table.AsSpan())
            if (entry.Weight > 0) take(entry.Value, entry.Weight);
    }

    private ref Entry Find(long value)
    {
        var slot = (int)(unchecked((ulong)value * Spread) >> _shift);
        while (_table[slot].Weight > 0 && _table[slot].Value != value) slot = (slot + 1) & (_table.Length - 1);
        return ref _table[slot];
    }

    private void MakeTable(int entries)
    {
        var bits = 64 - BitOperations.LeadingZeroCount((ulong)entries * 4 / 3);
        (_table, _shift) = (ArrayPool<Entry>.Shared.Rent(1 << bits), 64 - bits);
        Array.Clear(_table);
    }

    private void GrowTable()
    {
        var old = _table;
        MakeTable(_table.Length);
        foreach (ref readonly var entry in old.AsSpan())
            if (entry.Weight > 0) Find(entry.Value) = entry;
        ArrayPool<Entry>.Shared.Return(old);
    }

    private void ForgetTable()
    {
        if (_table.Length > 0) ArrayPool<Entry>.Shared.Return(_table);
        (_table, _shift, _different) = ([], 64, 0);
    }

    private record struct Entry(long Value, long Weight);
}
