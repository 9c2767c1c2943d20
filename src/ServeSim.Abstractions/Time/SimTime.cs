using System.Globalization;

namespace ServeSim.Abstractions;

/// <summary>A moment on the simulated clock: whole nanoseconds since the start of the trace.</summary>
/// <param name="Nanoseconds">Nanoseconds since the start; never negative in a run.</param>
public readonly record struct SimTime(long Nanoseconds) : IComparable<SimTime>
{
    /// <summary>The start of the trace.</summary>
    public static readonly SimTime Zero = new(0);

    /// <summary>Later than every event: "never".</summary>
    public static readonly SimTime Never = new(long.MaxValue);

    /// <summary>The same moment in seconds.</summary>
    public double Seconds => Nanoseconds / 1e9;

    /// <summary>Seconds rounded once, half to even, to a nanosecond.</summary>
    /// <exception cref="OverflowException">The value is not finite or beyond 292 years.</exception>
    public static SimTime FromSeconds(double seconds) => new(checked((long)Math.Round(seconds * 1e9, MidpointRounding.ToEven)));

    /// <summary>A moment later by <paramref name="span"/>.</summary>
    public static SimTime operator +(SimTime time, SimDuration span) => new(time.Nanoseconds + span.Nanoseconds);

    /// <summary>The span between two moments.</summary>
    public static SimDuration operator -(SimTime later, SimTime earlier) => new(later.Nanoseconds - earlier.Nanoseconds);

    /// <summary>Earlier than.</summary>
    public static bool operator <(SimTime a, SimTime b) => a.Nanoseconds < b.Nanoseconds;

    /// <summary>Later than.</summary>
    public static bool operator >(SimTime a, SimTime b) => a.Nanoseconds > b.Nanoseconds;

    /// <summary>Not later than.</summary>
    public static bool operator <=(SimTime a, SimTime b) => a.Nanoseconds <= b.Nanoseconds;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(SimTime a, SimTime b) => a.Nanoseconds >= b.Nanoseconds;

    /// <inheritdoc/>
    public int CompareTo(SimTime other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Seconds with nine decimals, exact.</summary>
    public override string ToString() => Text(Nanoseconds);

    internal static string Text(long nanoseconds)
    {
        var magnitude = (ulong)Math.Abs(nanoseconds);
        return string.Create(CultureInfo.InvariantCulture,
            $"{(nanoseconds < 0 ? "-" : "")}{magnitude / 1_000_000_000}.{magnitude % 1_000_000_000:D9}");
    }
}
