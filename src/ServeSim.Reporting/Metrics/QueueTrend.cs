using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// The slope of the queue over time, from at most 64 time buckets whose width doubles when the run outgrows them.
/// Neighbouring bucket means are not independent, so the interval uses n (1 - r) / (1 + r) of them, r being the
/// lag-1 autocorrelation of the residuals.
/// </summary>
internal sealed class QueueTrend
{
    private const int BucketLimit = 64;
    private const int FewestBuckets = 8;
    private const double LeastGain = 10;

    // Student's t at 97.5 % for 1 to 10 degrees of freedom.
    private static readonly double[] StudentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

    private readonly long[] _samples = new long[BucketLimit];
    private readonly long[] _waiting = new long[BucketLimit];
    private readonly Int128[] _times = new Int128[BucketLimit];
    private long _origin = -1;
    private long _width = 1_000_000;

    public int MaxWaiting { get; private set; }

    public void Add(SimTime time, int waiting)
    {
        if (_origin < 0) _origin = time.Nanoseconds;
        MaxWaiting = Math.Max(MaxWaiting, waiting);
        var elapsed = time.Nanoseconds - _origin;
        while (elapsed / _width >= BucketLimit) HalveBuckets();
        var bucket = elapsed / _width;
        _samples[bucket]++;
        _waiting[bucket] += waiting;
        _times[bucket] += elapsed;
    }

    public OverloadSummary ToSummary()
    {
        var (x, y) = Means();
        if (x.Length < FewestBuckets) return new OverloadSummary(false, null, null, null);

        var (meanX, meanY) = (x.Average(), y.Average());
        double spread = 0, product = 0;
        for (var i = 0; i < x.Length; i++)
        {
            spread += (x[i] - meanX) * (x[i] - meanX);
            product += (x[i] - meanX) * (y[i] - meanY);
        }

        var slope = product / spread;
        var half = HalfWidth(x, y, slope, meanY - (slope * meanX), spread);
        var gain = (slope - half) * (x[^1] - x[0]);
        var overloaded = gain >= Math.Max(LeastGain, meanY / 2) && GrowsThroughout(y, gain);
        return new OverloadSummary(overloaded, slope, slope - half, slope + half);
    }

    private static double HalfWidth(double[] x, double[] y, double slope, double intercept, double spread)
    {
        double squares = 0, products = 0, before = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var residual = y[i] - intercept - (slope * x[i]);
            squares += residual * residual;
            products += residual * before;
            before = residual;
        }

        var correlation = squares > 0 ? Math.Clamp(products / squares, 0, 1) : 0;
        var effective = Math.Max(3, x.Length * (1 - correlation) / (1 + correlation));
        var freedom = (int)(effective - 2);
        var t = freedom <= StudentT.Length ? StudentT[freedom - 1] : 1.96 + (2.4 / freedom) + (1.5 / freedom / freedom);
        return t * Math.Sqrt(squares / (effective - 2) / spread);
    }

    /// <summary>A straight line gains a third of its rise from each third to the next; half of that is asked for.</summary>
    private static bool GrowsThroughout(double[] y, double gain)
    {
        var third = y.Length / 3;
        var first = y[..third].Average();
        var middle = y[third..^third].Average();
        var last = y[^third..].Average();
        return middle - first >= gain / 6 && last - middle >= gain / 6;
    }

    private (double[] Seconds, double[] Waiting) Means()
    {
        var filled = Enumerable.Range(0, BucketLimit).Where(i => _samples[i] > 0).ToArray();
        return ([.. filled.Select(i => (double)_times[i] / _samples[i] / 1e9)], [.. filled.Select(i => (double)_waiting[i] / _samples[i])]);
    }

    private void HalveBuckets()
    {
        for (var i = 0; i < BucketLimit / 2; i++)
        {
            _samples[i] = _samples[2 * i] + _samples[(2 * i) + 1];
            _waiting[i] = _waiting[2 * i] + _waiting[(2 * i) + 1];
            _times[i] = _times[2 * i] + _times[(2 * i) + 1];
        }

        Array.Clear(_samples, BucketLimit / 2, BucketLimit / 2);
        Array.Clear(_waiting, BucketLimit / 2, BucketLimit / 2);
        Array.Clear(_times, BucketLimit / 2, BucketLimit / 2);
        _width *= 2;
    }
}
