using System.Numerics;

namespace ServeSim.Reporting.Metrics;

/// <summary>Count, sum, extremes and sum of squares of non-negative values, always exact and whatever their order.</summary>
internal sealed class Moments
{
    // Squares of values below 2^40 ns (18 minutes) with weights below 2^23 leave room for 2^23 additions and a stretch of values in 128
    // bits, those below 2^28 ns for so many values in 64.
    private const long SmallValue = 1L << 40;
    private const long SmallWeight = 1L << 23;
    private const long SquaresFit = 1L << 28;
    private const int ValuesAtOnce = 128;

    private UInt128 _squares;
    private int _squaresAdded;
    private BigInteger _earlierSquares;

    /// <summary>Samples, weights included.</summary>
    public long Count { get; private set; }

    public Int128 Sum { get; private set; }

    public long Minimum { get; private set; } = long.MaxValue;

    public long Maximum { get; private set; }

    /// <summary>Population standard deviation; there must be samples.</summary>
    public double StandardDeviation
    {
        get
        {
            BigInteger sum = Sum;
            var scaled = ((_earlierSquares + _squares) * Count) - (sum * sum);
            return Math.Sqrt((double)scaled) / Count;
        }
    }

    /// <summary>Adds <paramref name="count"/> samples of one value.</summary>
    public void Add(long value, long count)
    {
        if (value >= SmallValue || count >= SmallWeight)
        {
            Add(new ReadOnlySpan<long>(in value), count);
            return;
        }

        Minimum = Math.Min(Minimum, value);
        Maximum = Math.Max(Maximum, value);
        Count += count;
        Sum += value * count;
        AddSquares(Math.BigMul((ulong)value, (ulong)(value * count)), 1);
    }

    /// <summary>Adds <paramref name="count"/> samples of each value.</summary>
    public void Add(ReadOnlySpan<long> values, long count)
    {
        for (; values.Length > ValuesAtOnce; values = values[ValuesAtOnce..]) Add(values[..ValuesAtOnce], count);
        var (minimum, maximum) = Extremes(values);
        Minimum = Math.Min(Minimum, minimum);
        Maximum = Math.Max(Maximum, maximum);
        Count += count * values.Length;
        if (maximum < SmallValue && count < SmallWeight)
        {
            var sum = 0L;
            foreach (var value in values) sum += value;
            Sum += Math.BigMul(sum, count);
            AddSquares(SquaresOf(values, maximum) * (ulong)count, values.Length);
            return;
        }

        foreach (var value in values)
        {
            Sum += (Int128)value * count;
            _earlierSquares += (BigInteger)value * value * count;
        }
    }

    private static (long Minimum, long Maximum) Extremes(ReadOnlySpan<long> values)
    {
        var (minimum, maximum) = (long.MaxValue, 0L);
        if (values.Length >= Vector<long>.Count)
        {
            var (low, high) = (new Vector<long>(values), new Vector<long>(values));
            for (values = values[Vector<long>.Count..]; values.Length >= Vector<long>.Count; values = values[Vector<long>.Count..])
            {
                var next = new Vector<long>(values);
                (low, high) = (Vector.Min(low, next), Vector.Max(high, next));
            }

            for (var lane = 0; lane < Vector<long>.Count; lane++) (minimum, maximum) = (Math.Min(minimum, low[lane]), Math.Max(maximum, high[lane]));
        }

        foreach (var value in values) (minimum, maximum) = (Math.Min(minimum, value), Math.Max(maximum, value));
        return (minimum, maximum);
    }

    private static UInt128 SquaresOf(ReadOnlySpan<long> values, long maximum)
    {
        if (maximum < SquaresFit)
        {
            var squares = 0UL;
            foreach (var value in values) squares += (ulong)(value * value);
            return squares;
        }

        UInt128 large = 0;
        foreach (var value in values) large += Math.BigMul((ulong)value, (ulong)value);
        return large;
    }

    private void AddSquares(UInt128 squares, int samples)
    {
        _squares += squares;
        _squaresAdded += samples;
        if (_squaresAdded < SmallWeight) return;
        _earlierSquares += _squares;
        (_squares, _squaresAdded) = (0, 0);
    }
}
