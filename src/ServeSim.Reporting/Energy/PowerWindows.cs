namespace ServeSim.Reporting.Energy;

/// <summary>
/// Energy above rest by windows of time, for peak and percentile power. Windows double their length when there are too
/// many, so that memory does not grow with the run. Energy is first spread over seconds and rounded there, so that neither
/// the order of calls nor the length of windows at the time of a call changes the sums.
/// </summary>
internal sealed class PowerWindows
{
    private const int MaxWindows = 65_536;
    private const long Second = 1_000_000_000;
    private Int128[] _nanojoules = new Int128[64];
    private int _used;

    /// <summary>Length of a window in nanoseconds.</summary>
    public long Width { get; private set; } = Second;

    /// <summary>Spreads energy evenly over [from, to), in nanoseconds since the start.</summary>
    public void Add(long from, long to, double joules)
    {
        if (to <= from) return;
        while ((to - 1) / Width >= MaxWindows) Double();
        var last = (int)((to - 1) / Width);
        if (last >= _nanojoules.Length) Array.Resize(ref _nanojoules, Math.Max(last + 1, 2 * _nanojoules.Length));
        _used = Math.Max(_used, last + 1);
        var perNanosecond = joules / (to - from);
        for (var start = from; start < to;)
        {
            var end = Math.Min(to, ((start / Second) + 1) * Second);
            _nanojoules[start / Width] += Joules.ToNanojoules(perNanosecond * (end - start));
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
            watts[i] = restWatts + (i < _used ? Joules.FromNanojoules(_nanojoules[i]) / seconds : 0);
        }

        return watts;
    }

    private void Double()
    {
        for (var i = 0; i < _used; i += 2) _nanojoules[i / 2] = _nanojoules[i] + (i + 1 < _used ? _nanojoules[i + 1] : 0);
        var half = (_used + 1) / 2;
        Array.Clear(_nanojoules, half, _nanojoules.Length - half);
        (_used, Width) = (half, 2 * Width);
    }
}
