namespace ServeSim.Reporting.Tenants;

/// <summary>
/// Amounts over time, known at the edges of equal bins that double when time outgrows them. An amount that is spread over a time is a
/// slope that begins and ends: the cost does not depend on how many bins lie between. All sums are whole numbers, so that neither
/// the order of additions nor the moment of doubling changes them.
/// </summary>
internal sealed class ServiceCurve
{
    public const int Bins = 1024;

    private const int FractionBits = 40;                // of a unit
    private const double SteepestSlope = 1L << 50;      // fractions a nanosecond; steeper ones are jumps

    private Bin[] _bins = [];

    /// <summary>Spreads an amount evenly over [from, to), or puts it at <paramref name="from"/> if that is empty.</summary>
    public void Add(long from, long to, long amount, int shift)
    {
        var slope = to > from ? Math.Round(amount * (double)(1L << FractionBits) / (to - from)) : SteepestSlope;
        if (slope >= SteepestSlope)
        {
            At(from, shift).Missing -= (Int128)amount << FractionBits;
            return;
        }

        var rate = (long)slope;
        ref var start = ref At(from, shift);
        start.Slope += rate;
        start.Missing += Math.BigMul(rate, from);
        ref var end = ref At(to, shift);
        end.Slope -= rate;
        end.Missing -= Math.BigMul(rate, from) + ((Int128)amount << FractionBits);    // what the slope rounds away comes at its end
    }

    /// <summary>Joins bins in pairs.</summary>
    public void Coarsen()
    {
        for (var i = 0; i < _bins.Length; i++)
        {
            var bin = _bins[i];
            _bins[i] = default;
            _bins[i / 2].Slope += bin.Slope;
            _bins[i / 2].Missing += bin.Missing;
        }
    }

    /// <summary>Amount up to the end of each bin, rounded to a unit.</summary>
    public long[] Cumulate(int shift)
    {
        var sums = new long[Bins];
        Int128 slope = 0, missing = 0;
        for (var i = 0; i < Bins; i++)
        {
            if (i < _bins.Length)
            {
                slope += _bins[i].Slope;
                missing += _bins[i].Missing;
            }

            sums[i] = (long)(((slope * ((i + 1L) << shift)) - missing + (1L << (FractionBits - 1))) >> FractionBits);
        }

        return sums;
    }

    private ref Bin At(long time, int shift)
    {
        var bin = (int)(time >> shift);
        if (bin >= _bins.Length) Array.Resize(ref _bins, Math.Min(Bins, Math.Max(bin + 1, 2 * _bins.Length)));
        return ref _bins[bin];
    }

    /// <summary>Sums over what begins or ends in a bin: at a later time t, slope · t − missing has come, in fractions.</summary>
    private record struct Bin(Int128 Slope, Int128 Missing);
}
