namespace ServeSim.Workloads.Statistics;

/// <summary>
/// Counts of non-negative integers in buckets that grow with the value: exact below 256, then 128 buckets per
/// doubling, so that a percentile is off by at most 0.4 %. Integers only: the order of adding cannot change it.
/// </summary>
public sealed class TokenHistogram
{
    private const int Exact = 256;
    private const int PerDoubling = 128;

    private readonly long[] _buckets = new long[Exact + (56 * PerDoubling)];

    /// <summary>Values added.</summary>
    public long Count { get; private set; }

    /// <summary>Their exact sum.</summary>
    public Int128 Sum { get; private set; }

    /// <summary>The smallest; 0 when empty.</summary>
    public long Min { get; private set; }

    /// <summary>The largest; 0 when empty.</summary>
    public long Max { get; private set; }

    /// <summary>Sum over count; 0 when empty.</summary>
    public double Mean => Count == 0 ? 0 : (double)Sum / Count;

    /// <summary>Adds a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public void Add(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Min = Count == 0 ? value : Math.Min(Min, value);
        Max = Math.Max(Max, value);
        Count++;
        Sum += value;
        _buckets[Bucket(value)]++;
    }

    /// <summary>The value below or at which the given share of values lies (nearest rank).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The share is not in 0 to 1.</exception>
    public long Percentile(double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        if (Count == 0) return 0;
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        if (rank == Count) return Max;
        long seen = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen >= rank) return Math.Clamp(Middle(i), Min, Max);
        }

        return Max;
    }

    private static int Bucket(long value)
    {
        if (value < Exact) return (int)value;
        var shift = long.Log2(value) - 7;
        return (int)(Exact + ((shift - 1) * PerDoubling) + (value >> (int)shift) - PerDoubling);
    }

    private static long Middle(int bucket)
    {
        if (bucket < Exact) return bucket;
        var shift = ((bucket - Exact) / PerDoubling) + 1;
        var low = (long)(((bucket - Exact) % PerDoubling) + PerDoubling) << shift;
        return low + ((1L << shift) / 2);
    }
}
