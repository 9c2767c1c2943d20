using System.Runtime.InteropServices;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Values in the order in which they came, on pages that grow. Neighbours mostly have the same weight: weights are kept for each
/// run of equal ones.
/// </summary>
/// <param name="most">Values that there is room for.</param>
internal sealed class ValueNotes(int most)
{
    private const int FirstPage = 64;
    private const int LargestPage = 8192;    // stays below what the collector treats as a large object

    private readonly List<long[]> _fullPages = [];
    private readonly List<(int Values, long Weight)> _weights = [];
    private long[] _page = [];
    private int _onPage;
    private int _onFullPages;

    /// <summary>Values noted.</summary>
    public int Count => _onFullPages + _onPage;

    /// <summary>Places for the next values, at most so many; the caller fills them all. Empty if there is no room on the page and <see cref="TryTurnPage"/> must make some.</summary>
    public Span<long> Take(int values, long weight)
    {
        var places = _page.AsSpan(_onPage, Math.Min(values, _page.Length - _onPage));
        if (places.IsEmpty) return places;
        _onPage += places.Length;
        var weights = CollectionsMarshal.AsSpan(_weights);
        if (weights.Length > 0 && weights[^1].Weight == weight) weights[^1].Values += places.Length;
        else _weights.Add((places.Length, weight));
        return places;
    }

    /// <summary>Makes room; false when all that may be noted is noted.</summary>
    public bool TryTurnPage()
    {
        if (Count >= most) return false;
        if (_onPage > 0) _fullPages.Add(_page);
        _onFullPages += _onPage;
        var size = Math.Clamp(2 * _onPage, FirstPage, LargestPage);
        (_page, _onPage) = (GC.AllocateUninitializedArray<long>(Math.Min(size, most - _onFullPages)), 0);
        return true;
    }

    /// <summary>Forgets the values and keeps a page.</summary>
    public void Clear()
    {
        _fullPages.Clear();
        _weights.Clear();
        (_onPage, _onFullPages) = (0, 0);
    }

    /// <summary>The values with their weights.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Walks the pages and the weights side by side.</summary>
    public struct Enumerator(ValueNotes notes)
    {
        private long[] _page = [];
        private int _nextPage;
        private int _at = -1;
        private int _onPage;
        private int _nextWeight;
        private int _left;

        private long _weight;

        public readonly (long Value, long Weight) Current => (_page[_at], _weight);

        public bool MoveNext()
        {
            if (++_at == _onPage && !TryTurn()) return false;
            if (_left == 0) (_left, _weight) = notes._weights[_nextWeight++];
            _left--;
            return true;
        }

        private bool TryTurn()
        {
            if (_nextPage > notes._fullPages.Count) return false;
            (_page, _onPage) = _nextPage < notes._fullPages.Count ? (notes._fullPages[_nextPage], notes._fullPages[_nextPage].Length) : (notes._page, notes._onPage);
            _nextPage++;
            _at = 0;
            return _onPage > 0;
        }
    }
}
