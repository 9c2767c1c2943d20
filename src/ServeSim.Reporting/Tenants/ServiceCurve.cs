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
        long given = 0;
        for (; bin < last; bin++)
        {
            var upTo = Part(amount, ((bin + 1L) << shift) - from, to - from);
            _bins[bin] += upTo - given;
            given = upTo;
        }

        _bins[last] += amount - given;
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

    private static long Part(long amount, long part, long whole) =>
        amount < 1L << 30 && part < 1L << 33 ? amount * part / whole : (long)((Int128)amount * part / whole);
}
