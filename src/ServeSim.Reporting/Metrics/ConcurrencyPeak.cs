using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Most requests in the system at once. A request is in it over [arrival, end), so the count of an instant is the one
/// after all its arrivals and ends; it is taken when time moves on. Requests refused on arrival therefore never count.
/// </summary>
internal sealed class ConcurrencyPeak
{
    private long _now = long.MinValue;
    private long _inSystem;
    private long _peak;
    private bool _open;

    public long Peak => Math.Max(_peak, _open ? _inSystem : 0);

    private void Reach(SimTime time)
    {
        if (time.Nanoseconds <= _now) return;
        _peak = Peak;
        _now = time.Nanoseconds;
    }

    public void Arrive(SimTime time, int inSystem, bool measured)
    {
        Reach(time);
        _inSystem = inSystem;
        _open |= measured;
    }

    public void End(SimTime time)
    {
        Reach(time);
        _inSystem--;
    }
}
