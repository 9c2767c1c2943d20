namespace ServeSim.Policies.Forecasts;

/// <summary>The last output lengths that were seen, in the order of their size.</summary>
/// <param name="capacity">Lengths that are remembered; the oldest leaves first.</param>
public sealed class LengthWindow(int capacity)
{
    private int[] _recent = new int[Math.Min(capacity, 64)];    // a ring once it has grown to the capacity
    private int[] _sorted = new int[Math.Min(capacity, 64)];
    private long _seen;

    /// <summary>Lengths in the window.</summary>
    public int Count => (int)Math.Min(_seen, _recent.Length);

    /// <summary>Sum of the lengths in the window.</summary>
    public long Sum { get; private set; }

    /// <summary>The lengths in the window, shortest first.</summary>
    public ReadOnlySpan<int> Sorted => _sorted.AsSpan(0, Count);

    /// <summary>The lengths in the window that are above <paramref name="tokens"/>, shortest first.</summary>
    public ReadOnlySpan<int> Above(int tokens)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_sorted[middle] > tokens) high = middle; else low = middle + 1;
        }

        return Sorted[low..];
    }

    /// <summary>Takes in a length; the oldest makes room.</summary>
    public void Add(int length)
    {
        var count = Count;
        if (count == _recent.Length && count < capacity)
        {
            Array.Resize(ref _recent, (int)Math.Min(capacity, 2L * count));
            Array.Resize(ref _sorted, _recent.Length);
        }

        ref var slot = ref _recent[_seen % _recent.Length];
        if (count == _recent.Length)
        {
            var leaving = Array.BinarySearch(_sorted, 0, count, slot);
            Array.Copy(_sorted, leaving + 1, _sorted, leaving, --count - leaving);
            Sum -= slot;
        }

        slot = length;
        var place = Array.BinarySearch(_sorted, 0, count, length);
        if (place < 0) place = ~place;
        Array.Copy(_sorted, place, _sorted, place + 1, count - place);
        _sorted[place] = length;
        Sum += length;
        _seen++;
    }
}
