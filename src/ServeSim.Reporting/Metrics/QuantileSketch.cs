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
    private const int Octaves = 63 - ExactBits;

    private long[]? _exact;
    private readonly long[]?[] _octaves = new long[Octaves][];    // made when first hit: latencies fill a dozen of them

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
        BucketOf(value, out _, out _) += count;
        Count += count;
    }

    /// <summary>Adds <paramref name="count"/> samples of each value. Neighbours in the same bucket are looked up once.</summary>
    public void Add(ReadOnlySpan<long> values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var nothing = 0L;
        ref var bucket = ref nothing;
        var (first, last, held) = (0L, -1L, 0L);
        foreach (var value in values)
        {
            if (value < first || value > last)
            {
                bucket += held;
                held = 0;
                ArgumentOutOfRangeException.ThrowIfNegative(value);
                bucket = ref BucketOf(value, out first, out last);
            }

            held += count;
        }

        bucket += held;
        Count += count * values.Length;
    }

    /// <summary>The count of the bucket that holds a value, and the first and last value in it.</summary>
    private ref long BucketOf(long value, out long first, out long last)
    {
        if (value < ExactValues)
        {
            first = last = value;
            return ref (_exact ??= new long[ExactValues])[value];
        }

        var power = BitOperations.Log2((ulong)value);
        var shift = power - SubBucketBits;
        var octave = _octaves[power - ExactBits] ??= new long[SubBuckets];
        first = value >> shift << shift;
        last = first + (1L << shift) - 1;
        return ref octave[(value >> shift) - SubBuckets];
    }

    /// <summary>Adds all samples of another sketch.</summary>
    public void Merge(QuantileSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        AddInto(ref _exact, other._exact);
        for (var i = 0; i < Octaves; i++) AddInto(ref _octaves[i], other._octaves[i]);
        Count += other.Count;
    }

    /// <summary>The middle of the bucket that holds the order statistic of this rank, counted from 0.</summary>
    public long ValueAt(long rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        for (var i = 0; _exact is not null && i < ExactValues; i++)
            if ((rank -= _exact[i]) < 0) return i;
        for (var octave = 0; ; octave++)
        {
            if (_octaves[octave] is not { } counts) continue;
            for (var sub = 0; sub < SubBuckets; sub++)
                if ((rank -= counts[sub]) < 0) return Middle(octave, sub);
        }
    }

    private static long Middle(int octave, int sub)
    {
        var shift = octave + ExactBits - SubBucketBits;
        return ((long)(SubBuckets + sub) << shift) + (1L << (shift - 1));
    }

    private static void AddInto(ref long[]? counts, long[]? more)
    {
        if (more is null) return;
        counts ??= new long[more.Length];
        for (var i = 0; i < more.Length; i++) counts[i] += more[i];
    }
}
