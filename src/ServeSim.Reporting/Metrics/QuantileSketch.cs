using System.Numerics;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Counts of non-negative nanosecond values in integer log-linear buckets: one bucket per value below 2^11, then 1,024
/// per power of two. Only integers take part, so two machines fill it alike, and merging is addition.
/// </summary>
public sealed class QuantileSketch
{
    private const int ExactBits = 11;
    private const int SubBucketBits = 10;
    private const int ExactValues = 1 << ExactBits;
    private const int SubBuckets = 1 << SubBucketBits;
    private const int BucketLimit = ExactValues + ((63 - ExactBits) * SubBuckets);

    private long[] _counts = [];

    /// <summary>Largest distance between a value and the middle of its bucket, as a share of the value.</summary>
    public static double RelativeError => 1.0 / ExactValues;

    /// <summary>Values added, weights included.</summary>
    public long Count { get; private set; }

    /// <summary>Adds <paramref name="count"/> samples of one value.</summary>
    public void Add(long value, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0) return;
        var index = IndexOf(value);
        if (index >= _counts.Length) Grow(index + 1);
        _counts[index] += count;
        Count += count;
    }

    /// <summary>Adds all samples of another sketch.</summary>
    public void Merge(QuantileSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._counts.Length > _counts.Length) Grow(other._counts.Length);
        for (var i = 0; i < other._counts.Length; i++) _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>The middle of the bucket that holds the order statistic of this rank, counted from 0.</summary>
    public long ValueAt(long rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        var index = 0;
        for (var passed = _counts[0]; passed <= rank; passed += _counts[index]) index++;
        return Middle(index);
    }

    private static int IndexOf(long value)
    {
        if (value < ExactValues) return (int)value;
        var power = BitOperations.Log2((ulong)value);
        return ExactValues + ((power - ExactBits) * SubBuckets) + (int)((value >> (power - SubBucketBits)) - SubBuckets);
    }

    private static long Middle(int index)
    {
        if (index < ExactValues) return index;
        var (octave, sub) = Math.DivRem(index - ExactValues, SubBuckets);
        var shift = octave + ExactBits - SubBucketBits;
        return ((long)(SubBuckets + sub) << shift) + (1L << (shift - 1));
    }

    private void Grow(int needed) => Array.Resize(ref _counts, Math.Max(needed, Math.Min(BucketLimit, 2 * _counts.Length)));
}
