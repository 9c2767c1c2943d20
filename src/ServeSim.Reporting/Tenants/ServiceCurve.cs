namespace ServeSim.Reporting.Tenants;

/// <summary>
/// Amounts over time in equal bins that double when time outgrows them. Shares are cut from whole numbers at bin edges,
/// so that neither the order of additions nor the moment of doubling changes a bin.
/// </summary>
internal sealed class ServiceCurve
{
    public const int Bins = 1024;

    private long[] _bins = [];

    /// <summary>Spreads an amount evenly over [from, to), or puts it at <paramref name="from"/> if that is empty.</summary>
    public void Add(long from, long to, long amount, int shift)
    {
        var bin = (int)(from >> shift);
        var last = (int)((to > from ? to - 1 : from) >> shift);
        if (last >= _bins.Length) Array.Resize(ref _bins, Math.Min(Bins, Math.Max(last + 1, 2 * _bins.Length)));
        if (bin == last)
        {
            _bins[bin] += amount;
            return;
        }

        // What belongs before each edge, rounded down: from edge to edge the quotient and the rest grow by the same.
        var whole = to - from;
        var (share, rest) = Divide(amount, ((bin + 1L) << shift) - from, whole);
        var (step, stepRest) = Divide(amount, 1L << shift, whole);
        _bins[bin] += share;
        var left = amount - share;
        while (++bin < last)
        {
            share = step;
            if (rest >= whole - stepRest)
            {
                share++;
                rest -= whole;
            }

            rest += stepRest;
            _bins[bin] += share;
            left -= share;
        }

        _bins[last] += left;
    }

    /// <summary>Joins bins in pairs.</summary>
    public void Coarsen()
    {
        for (var i = 0; i < _bins.Length; i++)
        {
            var amount = _bins[i];
            _bins[i] = 0;
            _bins[i / 2] += amount;
        }
    }

    /// <summary>Amount up to the end of each bin.</summary>
    public long[] Cumulate()
    {
        var sums = new long[Bins];
        long sum = 0;
        for (var i = 0; i < Bins; i++) sums[i] = sum += i < _bins.Length ? _bins[i] : 0;
        return sums;
    }

    /// <summary>amount x part / whole, rounded down, and what is left.</summary>
    private static (long Quotient, long Remainder) Divide(long amount, long part, long whole)
    {
        if (amount < 1L << 30 && part < 1L << 33) return Math.DivRem(amount * part, whole);
        var (quotient, rest) = Int128.DivRem((Int128)amount * part, whole);
        return ((long)quotient, (long)rest);
    }
}
