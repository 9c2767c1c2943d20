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

    private const int SamplesAtOnce = 128;

    private readonly Moments _moments = new();
    private readonly ValueCounts _counts = new(keepAll ? int.MaxValue : ExactEntries);
    private long[] _held = [];    // single samples that have not been added yet
    private int _heldCount;
    private long[]? _unnoted;
    private (long[] Values, long[] Weights)? _sorted;
    private QuantileSketch? _sketch;

    /// <summary>Samples, weights included.</summary>
    public long Count => Settled.Count;

    /// <summary>Sum of all samples in nanoseconds.</summary>
    public Int128 Sum => Settled.Sum;

    /// <summary>Smallest sample; null without any.</summary>
    public long? Minimum => Count == 0 ? null : _moments.Minimum;

    /// <summary>Largest sample; null without any.</summary>
    public long? Maximum => Count == 0 ? null : _moments.Maximum;

    /// <summary>Mean in nanoseconds; null without samples.</summary>
    public double? Mean => Count == 0 ? null : (double)_moments.Sum / _moments.Count;

    /// <summary>Population standard deviation in nanoseconds; null without samples.</summary>
    public double? StandardDeviation => Count == 0 ? null : _moments.StandardDeviation;

    /// <summary>True while percentiles come from the samples themselves.</summary>
    public bool IsExact
    {
        get
        {
            Settle();
            if (_sketch is null && _counts.MayExceed && !_counts.TryCount()) MoveToSketch();
            return _sketch is null;
        }
    }

    /// <summary>How percentiles are made, for reports.</summary>
    public string PercentileMethod => IsExact ? "exact" : "sketch (relative error <= 0.05 %)";

    private Moments Settled
    {
        get
        {
            Settle();
            return _moments;
        }
    }

    /// <summary>Adds one sample.</summary>
    public void Add(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        if (_heldCount == _held.Length) MakeRoom();
        _held[_heldCount++] = value;
    }

    /// <summary>Adds <paramref name="count"/> samples of one value.</summary>
    public void Add(long value, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0) return;
        _moments.Add(value, count);
        var places = PlacesFor(1, count);
        if (places.IsEmpty) _sketch!.Add(value, count);
        else places[0] = value;
    }

    /// <summary>
    /// Adds the gaps between consecutive times, the first one counted from <paramref name="previous"/>,
    /// <paramref name="count"/> samples of each. The gaps must not be negative.
    /// </summary>
    public void AddGaps(SimTime previous, ReadOnlySpan<SimTime> times, long count)
    {
        if (count == 0) return;
        var from = previous.Nanoseconds;
        for (var ends = MemoryMarshal.Cast<SimTime, long>(times); !ends.IsEmpty;)
        {
            // The places where percentiles note them hold the gaps for everything else too.
            var gaps = PlacesFor(Math.Min(ends.Length, SamplesAtOnce), count);
            var isNoted = !gaps.IsEmpty;
            if (!isNoted) gaps = (_unnoted ??= new long[SamplesAtOnce]).AsSpan(0, Math.Min(ends.Length, SamplesAtOnce));
            Differences(from, ends[..gaps.Length], gaps);
            _moments.Add(gaps, count);
            if (!isNoted) _sketch!.Add(gaps, count);
            from = ends[gaps.Length - 1];
            ends = ends[gaps.Length..];
        }
    }

    private void Add(ReadOnlySpan<long> values, long count)
    {
        _moments.Add(values, count);
        while (!values.IsEmpty)
        {
            var places = PlacesFor(values.Length, count);
            if (places.IsEmpty)
            {
                _sketch!.Add(values, count);
                return;
            }

            values[..places.Length].CopyTo(places);
            values = values[places.Length..];
        }
    }

    private void MakeRoom()
    {
        if (_held.Length < SamplesAtOnce) Array.Resize(ref _held, Math.Max(8, 2 * _held.Length));
        else Settle();
    }

    private void Settle()
    {
        if (_heldCount == 0) return;
        var held = _held.AsSpan(0, _heldCount);
        _heldCount = 0;
        Add(held, 1);
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
        if (rank == 0) return _moments.Minimum;
        if (rank == Count - 1) return _moments.Maximum;
        if (!IsExact) return Math.Clamp(_sketch!.ValueAt(rank), _moments.Minimum, _moments.Maximum);
        var (values, weights) = _sorted ??= _counts.Sorted();
        var entry = 0;
        for (var passed = weights[0]; passed <= rank; passed += weights[entry]) entry++;
        return values[entry];
    }

    private static void Differences(long from, ReadOnlySpan<long> ends, Span<long> gaps)
    {
        gaps[0] = ends[0] - from;
        var next = 1;
        for (; next + Vector<long>.Count <= ends.Length; next += Vector<long>.Count)
            (new Vector<long>(ends[next..]) - new Vector<long>(ends[(next - 1)..])).CopyTo(gaps[next..]);
        for (; next < ends.Length; next++) gaps[next] = ends[next] - ends[next - 1];
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
