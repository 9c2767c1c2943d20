using System.Numerics;
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

    // Squares of values below 2^40 ns (18 minutes) with weights below 2^23 leave room for 2^23 additions and a run of gaps in 128 bits.
    private const long SmallValue = 1L << 40;
    private const long SmallWeight = 1L << 23;
    private const int MostGapsAtOnce = 4096;

    private readonly ValueCounts _counts = new(keepAll ? int.MaxValue : ExactEntries);
    private (long[] Values, long[] Weights)? _sorted;
    private QuantileSketch? _sketch;
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
        if (times[^1].Nanoseconds - from >= SmallValue || count >= SmallWeight || times.Length > MostGapsAtOnce)
        {
            foreach (var time in times)
            {
                Add(time.Nanoseconds - from, count);
                from = time.Nanoseconds;
            }

            return;
        }

        var (minimum, maximum) = (long.MaxValue, 0L);
        var (high, low) = (0UL, 0UL);    // sum of squares
        foreach (var time in times)
        {
            var gap = time.Nanoseconds - from;
            from = time.Nanoseconds;
            minimum = Math.Min(minimum, gap);
            maximum = Math.Max(maximum, gap);
            unchecked
            {
                high += Math.BigMul((ulong)gap, (ulong)gap, out var square);
                low += square;
                if (low < square) high++;
            }

            if (_sketch is null) AddToPercentiles(gap, count);
            else _sketch.Add(gap, count);
        }

        _minimum = Math.Min(_minimum, minimum);
        _maximum = Math.Max(_maximum, maximum);
        Count += count * times.Length;
        _sum += (Int128)(from - previous.Nanoseconds) * count;
        AddSquares(new UInt128(high, low) * (ulong)count, times.Length);
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
        if (_sketch is not null)
        {
            _sketch.Add(value, count);
            return;
        }

        _sorted = null;
        while (!_counts.TryAdd(value, count))
        {
            if (_counts.TryCount()) continue;
            MoveToSketch();
            _sketch!.Add(value, count);
            return;
        }
    }

    private void MoveToSketch()
    {
        _sketch = new QuantileSketch();
        _counts.MoveTo(_sketch);
    }
}
