namespace ServeSim.Reporting.Energy;

/// <summary>
/// Energy above rest by windows of time, for peak and percentile power. Windows double their length when there are too
/// many, so that memory does not grow with the run.
/// </summary>
internal sealed class PowerWindows
{
    private const int MaxWindows = 65_536;
    private double[] _joules = new double[64];
    private int _used;

    /// <summary>Length of a window in nanoseconds.</summary>
    public long Width { get; private set; } = 1_000_000_000;

    /// <summary>Spreads energy evenly over [from, to), in nanoseconds since the start.</summary>
    public void Add(long from, long to, double joules)
    {
        if (to <= from) return;
        while ((to - 1) / Width >= MaxWindows) Double();
        var (first, last) = ((int)(from / Width), (int)((to - 1) / Width));
        if (last >= _joules.Length) Array.Resize(ref _joules, Math.Max(last + 1, 2 * _joules.Length));
        _used = Math.Max(_used, last + 1);
        var perNanosecond = joules / (to - from);
        for (var i = first; i <= last; i++)
            _joules[i] += perNanosecond * (Math.Min(to, (i + 1L) * Width) - Math.Max(from, i * Width));
    }

    /// <summary>Mean power of every window of a run that lasted so long, rest included; the last one may be shorter.</summary>
    public double[] Watts(long length, double restWatts)
    {
        var watts = new double[(length + Width - 1) / Width];
        for (var i = 0; i < watts.Length; i++)
        {
            var seconds = (Math.Min(length, (i + 1L) * Width) - (i * Width)) * 1e-9;
            watts[i] = restWatts + (i < _used ? _joules[i] / seconds : 0);
        }

        return watts;
    }

    private void Double()
    {
        for (var i = 0; i < _used; i += 2) _joules[i / 2] = _joules[i] + (i + 1 < _used ? _joules[i + 1] : 0);
        var half = (_used + 1) / 2;
        Array.Clear(_joules, half, _joules.Length - half);
        (_used, Width) = (half, 2 * Width);
    }
}
