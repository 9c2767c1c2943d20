namespace ServeSim.Reporting.Energy;

/// <summary>
/// Energy above rest by windows of time, for peak and percentile power. Windows double their length when there are too
/// many, so that memory does not grow with the run. All energies are whole numbers, so that neither the order of calls nor the length
/// of windows at the time of a call changes the sums.
/// </summary>
internal sealed class PowerWindows
{
    private const int MaxWindows = 65_536;
    private const long Second = 1_000_000_000;
    private Int128[] _femtojoules = new Int128[64];
    private int _used;

    /// <summary>Length of a window in nanoseconds.</summary>
    public long Width { get; private set; } = Second;

    /// <summary>Adds so many microwatts over [from, to), in nanoseconds since the start.</summary>
    public void Add(long from, long to, long microwatts)
    {
        if (to <= from) return;
        while ((to - 1) / Width >= MaxWindows) Double();
        var last = (int)((to - 1) / Width);
        if (last >= _femtojoules.Length) Array.Resize(ref _femtojoules, Math.Max(last + 1, 2 * _femtojoules.Length));
        _used = Math.Max(_used, last + 1);
        var window = (int)(from / Width);
        for (var start = from; start < to; window++)
        {
            var end = Math.Min(to, (window + 1) * Width);
            _femtojoules[window] += Math.BigMul(microwatts, end - start);
            start = end;
        }
    }

    /// <summary>Mean power of every window of a run that lasted so long, rest included; the last one may be shorter.</summary>
    public double[] Watts(long length, double restWatts)
    {
        var watts = new double[(length + Width - 1) / Width];
        for (var i = 0; i < watts.Length; i++)
        {
            var seconds = (Math.Min(length, (i + 1L) * Width) - (i * Width)) * 1e-9;
            watts[i] = restWatts + (i < _used ? Joules.FromFemtojoules(_femtojoules[i]) / seconds : 0);
        }

        return watts;
    }

    private void Double()
    {
        for (var i = 0; i < _used; i += 2) _femtojoules[i / 2] = _femtojoules[i] + (i + 1 < _used ? _femtojoules[i + 1] : 0);
        var half = (_used + 1) / 2;
        Array.Clear(_femtojoules, half, _femtojoules.Length - half);
        (_used, Width) = (half, 2 * Width);
    }
}
