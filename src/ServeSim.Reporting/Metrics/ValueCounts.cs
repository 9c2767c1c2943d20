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
    private const int MostNotes = 2 * Distribution.ExactEntries;
    private const int FirstPage = 64;
    private const int LargestPage = 4096;    // stays below what the collector treats as a large object

    private readonly List<Entry[]> _fullPages = [];
    private Entry[] _page = [];
    private int _onPage;
    private int _onFullPages;
    private Entry[] _table = [];
    private int _shift = 64;
    private int _different;    // values in the table

    /// <summary>True if there may be more different values than the limit.</summary>
    public bool MayExceed => _different + _onFullPages + _onPage > limit;

    /// <summary>Adds samples of one value; false if there is no room: then counting makes some, and from then on a page is counted when it is full.</summary>
    public bool TryAdd(long value, long weight)
    {
        if (_onPage == _page.Length && !TryTurnPage()) return false;
        _page[_onPage++] = new(value, weight);
        return true;
    }

    /// <summary>Counts by value what has been noted; false if there are more different values than the limit.</summary>
    public bool TryCount()
    {
        var isFirst = _different == 0;
        if (isFirst) MakeTable(Math.Min(_onFullPages + _onPage, limit));
        foreach (var page in _fullPages)
            if (!TryCount(page, isFirst)) return false;
        if (!TryCount(_page.AsSpan(0, _onPage), isFirst)) return false;
        ForgetNotes();
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
        ForgetNotes();
        ForgetTable();
    }

    private void ForEach(Action<long, long> take)
    {
        foreach (var page in _fullPages) Each(page);
        Each(_page.AsSpan(0, _onPage));
        Each(_table);

        void Each(ReadOnlySpan<Entry> entries)
        {
            foreach (ref readonly var entry in entries)
                if (entry.Weight > 0) take(entry.Value, entry.Weight);
        }
    }

    private bool TryTurnPage()
    {
        if (_onFullPages + _onPage >= MostNotes || _different > 0) return false;
        if (_onPage > 0) _fullPages.Add(_page);
        _onFullPages += _onPage;
        var size = Math.Clamp(2 * _onPage, FirstPage, LargestPage);
        (_page, _onPage) = (GC.AllocateUninitializedArray<Entry>(Math.Min(size, MostNotes - _onFullPages)), 0);
        return true;
    }

    private void ForgetNotes()
    {
        _fullPages.Clear();
        (_onPage, _onFullPages) = (0, 0);
    }

    /// <summary>The first time it stops at the limit, and the notes stay: they are read faster than the table.</summary>
    private bool TryCount(ReadOnlySpan<Entry> notes, bool isFirst)
    {
        foreach (ref readonly var note in notes)
        {
            ref var entry = ref Find(note.Value);
            if (entry.Weight == 0)
            {
                if (isFirst && _different == limit)
                {
                    ForgetTable();
                    return false;
                }

                _different++;
                entry = note;
                if (4 * _different > 3 * _table.Length) GrowTable();
            }
            else
            {
                entry.Weight += note.Weight;
            }
        }

        return true;
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
