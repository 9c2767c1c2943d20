namespace ServeSim.Workloads.Statistics;

/// <summary>Index of dispersion: variance over mean of the arrivals in windows of one length; 1 for a Poisson process.</summary>
internal sealed class ArrivalCounter(long windowNanoseconds)
{
    private long _window;
    private long _inWindow;
    private Int128 _sum;
    private Int128 _squares;

    /// <summary>Counts an arrival, in nanoseconds after the first.</summary>
    public void Add(long time)
    {
        var window = time / windowNanoseconds;
        if (window > _window)
        {
            _sum += _inWindow;
            _squares += (Int128)_inWindow * _inWindow;
            _inWindow = 0;
            _window = window;    // windows in between are empty and add nothing to the sums
        }

        _inWindow++;
    }

    /// <summary>Over complete windows only: the last one is cut by the end of the trace. NaN with fewer than two.</summary>
    public double Value
    {
        get
        {
            if (_window < 2 || _sum == 0) return double.NaN;
            var mean = (double)_sum / _window;
            return (((double)_squares / _window) - (mean * mean)) / mean;
        }
    }
}
