using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// The slope of the queue over time, from at most 64 time buckets whose width doubles when the run outgrows them.
/// An overloaded queue is a random walk with a drift: its levels hang together, its growth from bucket to bucket does
/// not. The slope is therefore the total growth over the total time, and its interval comes from how the growths
/// scatter. A line through the levels would look far too certain.
/// </summary>
internal sealed class QueueTrend
{
    private const int BucketLimit = 64;
    private const int FewestBuckets = 8;
    private const double LeastGain = 10;

    // Differences of a random walk's means over whole buckets have two thirds of the variance of the walk itself.
    private const double MeansHideScatter = 1.5;

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

        var time = x[^1] - x[0];
        var slope = (y[^1] - y[0]) / time;
        double scatter = 0;
        for (var i = 1; i < x.Length; i++)
        {
            var surprise = y[i] - y[i - 1] - (slope * (x[i] - x[i - 1]));
            scatter += surprise * surprise / (x[i] - x[i - 1]);
        }

        var freedom = x.Length - 2;
        var half = StudentT(freedom) * Math.Sqrt(MeansHideScatter * scatter / freedom / time);
        var gain = (slope - half) * time;
        var overloaded = gain >= Math.Max(LeastGain, y.Average() / 2) && GrowsThroughout(y, gain);
        return new OverloadSummary(overloaded, slope, slope - half, slope + half);
    }

    /// <summary>Student's t at 97.5 %, to half a percent from 6 degrees of freedom on.</summary>
    private static double StudentT(int freedom) => 1.96 + (2.4 / freedom) + (3.0 / freedom / freedom);

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
