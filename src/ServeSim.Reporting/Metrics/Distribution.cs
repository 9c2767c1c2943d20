using System.Numerics;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Count, sum, extremes, mean and deviation of non-negative nanosecond values, always exact, and their percentiles:
/// exact while there are at most <see cref="ExactEntries"/> different values, from a sketch afterwards. Nothing depends on the
/// order of the samples.
/// </summary>
/// <param name="keepAll">True to stay exact whatever the memory.</param>
public sealed class Distribution(bool keepAll = false)
{
    /// <summary>Different values held before the samples move into a sketch.</summary>
    public const int ExactEntries = 16_384;

    // Squares of values below 2^40 ns (18 minutes) with weights below 2^23 leave room for 2^23 additions and a run of gaps in 128 bits,
    // those below 2^28 ns for so many gaps in 64.
    private const long SmallValue = 1L << 40;
    private const long SmallWeight = 1L << 23;
    private const long SquaresFit = 1L << 28;
    private const int MostGapsAtOnce = 128;

    private readonly ValueCounts _counts = new(keepAll ? int.MaxValue : ExactEntries);
    private (long[] Values, long[] Weights)? _sorted;
    private QuantileSketch? _sketch;
    private long[]? _unnoted;
    private long _minimum = long.MaxValue;
    private long _maximum;
    private Int128 _sum;
    private UInt128 _squares;
    private int _squaresAdded;
    private BigInteger _earlierSquares;

    /// <summary>Samples, weights included.</summary>
    public long Count { get; private set; }

    /// <summary>Sum of all samples in nanoseconds.</summary>
    public Int128 Sum => _sum;

    /// <summary>Smallest sample; null without any.</summary>
    public long? Minimum => Count == 0 ? null : _minimum;

    /// <summary>Largest sample; null without any.</summary>
    public long? Maximum => Count == 0 ? null : _maximum;

    /// <summary>Mean in nanoseconds; null without samples.</summary>
    public double? Mean => Count == 0 ? null : (double)_sum / Count;

    /// <summary>Population standard deviation in nanoseconds; null without samples.</summary>
    public double? StandardDeviation
    {
        get
        {
            if (Count == 0) return null;
            BigInteger sum = _sum;
            var scaled = ((_earlierSquares + _squares) * Count) - (sum * sum);
            return Math.Sqrt((double)scaled) / Count;
        }
    }

    /// <summary>True while percentiles come from the samples themselves.</summary>
    public bool IsExact
    {
        get
        {
            if (_sketch is null && _counts.MayExceed && !_counts.TryCount()) MoveToSketch();
            return _sketch is null;
        }
    }

    /// <summary>How percentiles are made, for reports.</summary>
    public string PercentileMethod => IsExact ? "exact" : "sketch (relative error <= 0.05 %)";

    /// <summary>Adds <paramref name="count"/> samples of one value.</summary>
    public void Add(long value, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0) return;
        AddMoments(value, count);
        AddToPercentiles(value, count);
    }

    /// <summary>
    /// Adds the gaps between consecutive times, the first one counted from <paramref name="previous"/>,
    /// <paramref name="count"/> samples of each. The gaps must not be negative.
    /// </summary>
    public void AddGaps(SimTime previous, ReadOnlySpan<SimTime> times, long count)
    {
        if (times.IsEmpty || count == 0) return;
        var from = previous.Nanoseconds;
        var isSmall = times[^1].Nanoseconds - from < SmallValue && count < SmallWeight;
        for (var ends = MemoryMarshal.Cast<SimTime, long>(times); !ends.IsEmpty;)
        {
            // The places where percentiles note them hold the gaps for everything else too.
            var gaps = PlacesFor(Math.Min(ends.Length, MostGapsAtOnce), count);
            if (gaps.IsEmpty) gaps = (_unnoted ??= new long[MostGapsAtOnce]).AsSpan(0, Math.Min(ends.Length, MostGapsAtOnce));
            Differences(from, ends[..gaps.Length], gaps);
            if (isSmall) AddMoments(gaps, count);
            else foreach (var gap in gaps) AddMoments(gap, count);
            if (_sketch is not null) _sketch.Add(gaps, count);
            from = ends[gaps.Length - 1];
            ends = ends[gaps.Length..];
        }
    }

    /// <summary>
    /// Linear interpolation between the order statistics around position (N - 1) x percent / 100, in nanoseconds;
    /// null without samples.
    /// </summary>
    public double? Percentile(double percent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(percent, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        if (Count == 0) return null;
        var position = (Count - 1) * (decimal)percent / 100;
        var rank = decimal.ToInt64(decimal.Floor(position));
        var low = OrderStatistic(rank);
        if (position == rank) return low;
        return low + ((OrderStatistic(rank + 1) - low) * (double)(position - rank));
    }

    private long OrderStatistic(long rank)
    {
        // The extremes are known exactly; clamping to them never enlarges the error of a sketch value.
        if (rank == 0) return _minimum;
        if (rank == Count - 1) return _maximum;
        if (!IsExact) return Math.Clamp(_sketch!.ValueAt(rank), _minimum, _maximum);
        var (values, weights) = _sorted ??= _counts.Sorted();
        var entry = 0;
        for (var passed = weights[0]; passed <= rank; passed += weights[entry]) entry++;
        return values[entry];
    }

    private void AddMoments(long value, long count)
    {
        _minimum = Math.Min(_minimum, value);
        _maximum = Math.Max(_maximum, value);
        Count += count;
        if (value >= SmallValue || count >= SmallWeight)
        {
            _sum += (Int128)value * count;
            _earlierSquares += (BigInteger)value * value * count;
            return;
        }

        _sum += value * count;
        AddSquares(Math.BigMul((ulong)value, (ulong)(value * count)), 1);
    }

    /// <summary>Values whose sum is small, <paramref name="count"/> samples of each.</summary>
    private void AddMoments(ReadOnlySpan<long> values, long count)
    {
        var (minimum, maximum, sum) = (long.MaxValue, 0L, 0L);
        foreach (var value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
            sum += value;
        }

        UInt128 squares = 0;
        if (maximum < SquaresFit)
        {
            var fitting = 0UL;
            foreach (var value in values) fitting += (ulong)(value * value);
            squares = fitting;
        }
        else
        {
            foreach (var value in values) squares += Math.BigMul((ulong)value, (ulong)value);
        }

        _minimum = Math.Min(_minimum, minimum);
        _maximum = Math.Max(_maximum, maximum);
        Count += count * values.Length;
        _sum += (Int128)sum * count;
        AddSquares(squares * (ulong)count, values.Length);
    }

    private static void Differences(long from, ReadOnlySpan<long> ends, Span<long> gaps)
    {
        gaps[0] = ends[0] - from;
        var next = 1;
        for (; next + Vector<long>.Count <= ends.Length; next += Vector<long>.Count)
            (new Vector<long>(ends[next..]) - new Vector<long>(ends[(next - 1)..])).CopyTo(gaps[next..]);
        for (; next < ends.Length; next++) gaps[next] = ends[next] - ends[next - 1];
    }

    private void AddSquares(UInt128 squares, int samples)
    {
        _squares += squares;
        _squaresAdded += samples;
        if (_squaresAdded < SmallWeight) return;
        _earlierSquares += _squares;
        (_squares, _squaresAdded) = (0, 0);
    }

    private void AddToPercentiles(long value, long count)
    {
        var places = PlacesFor(1, count);
        if (places.IsEmpty) _sketch!.Add(value, count);
        else places[0] = value;
    }

    /// <summary>Where percentiles note the next values, at most so many; nowhere once there is a sketch.</summary>
    private Span<long> PlacesFor(int values, long count)
    {
        if (_sketch is not null) return [];
        _sorted = null;
        while (true)
        {
            var places = _counts.Note(values, count);
            if (!places.IsEmpty) return places;
            if (_counts.TryCount()) continue;
            MoveToSketch();
            return [];
        }
    }

    private void MoveToSketch()
    {
        _sketch = new QuantileSketch();
        _counts.MoveTo(_sketch);
    }
}
