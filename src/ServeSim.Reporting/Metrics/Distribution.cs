using System.Numerics;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Count, sum, extremes, mean and deviation of non-negative nanosecond values, always exact, and their percentiles:
/// exact while at most <see cref="ExactEntries"/> different values are held, from a sketch afterwards.
/// </summary>
/// <param name="keepAll">True to stay exact whatever the memory.</param>
public sealed class Distribution(bool keepAll = false)
{
    /// <summary>Different values held before the samples move into a sketch.</summary>
    public const int ExactEntries = 16_384;

    // Squares of values below 2^40 ns (18 minutes) with weights below 2^24 leave room for 2^24 additions in 128 bits.
    private const long SmallValue = 1L << 40;
    private const long SmallWeight = 1L << 24;

    private long[] _values = [];
    private long[] _weights = [];
    private int _used;
    private bool _sorted = true;
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
    public bool IsExact => _sketch is null;

    /// <summary>How percentiles are made, for reports.</summary>
    public string PercentileMethod => IsExact ? "exact" : "sketch (relative error <= 0.05 %)";

    /// <summary>Adds <paramref name="count"/> samples of one value.</summary>
    public void Add(long value, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0) return;
        AddMoments(value, count);
        if (_sketch is not null)
            _sketch.Add(value, count);
        else if (_used > 0 && _values[_used - 1] == value)
            _weights[_used - 1] += count;
        else
            Keep(value, count);
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
        if (_sketch is not null) return Math.Clamp(_sketch.ValueAt(rank), _minimum, _maximum);
        Sort();
        var entry = 0;
        for (var passed = _weights[0]; passed <= rank; passed += _weights[entry]) entry++;
        return _values[entry];
    }

    private void AddMoments(long value, long count)
    {
        _minimum = Math.Min(_minimum, value);
        _maximum = Math.Max(_maximum, value);
        Count += count;
        _sum += (Int128)value * count;
        if (value >= SmallValue || count >= SmallWeight)
        {
            _earlierSquares += (BigInteger)value * value * count;
            return;
        }

        _squares += (UInt128)(ulong)value * (ulong)value * (ulong)count;
        if (++_squaresAdded < SmallWeight) return;
        _earlierSquares += _squares;
        (_squares, _squaresAdded) = (0, 0);
    }

    private void Keep(long value, long count)
    {
        if (_used == _values.Length && !MakeRoom())
        {
            _sketch!.Add(value, count);
            return;
        }

        _sorted = _sorted && (_used == 0 || _values[_used - 1] <= value);
        _values[_used] = value;
        _weights[_used++] = count;
    }

    /// <summary>True when there is room for one more entry, false after a move into the sketch.</summary>
    private bool MakeRoom()
    {
        if (_used >= ExactEntries)
        {
            Compact();
            if (_used <= _values.Length / 2) return true;
            if (!keepAll)
            {
                Spill();
                return false;
            }
        }

        var size = Math.Max(64, 2 * _values.Length);
        Array.Resize(ref _values, size);
        Array.Resize(ref _weights, size);
        return true;
    }

    private void Sort()
    {
        if (_sorted) return;
        Array.Sort(_values, _weights, 0, _used);
        _sorted = true;
    }

    private void Compact()
    {
        Sort();
        var kept = 0;
        for (var i = 1; i < _used; i++)
        {
            if (_values[i] == _values[kept])
            {
                _weights[kept] += _weights[i];
                continue;
            }

            kept++;
            (_values[kept], _weights[kept]) = (_values[i], _weights[i]);
        }

        _used = kept + 1;
    }

    private void Spill()
    {
        _sketch = new QuantileSketch();
        for (var i = 0; i < _used; i++) _sketch.Add(_values[i], _weights[i]);
        (_values, _weights, _used) = ([], [], 0);
    }
}
