using System.Numerics;

namespace ServeSim.Abstractions;

/// <summary>A span of simulated time in whole nanoseconds.</summary>
/// <param name="Nanoseconds">Length in nanoseconds.</param>
public readonly record struct SimDuration(long Nanoseconds) : IComparable<SimDuration>
{
    /// <summary>No time at all.</summary>
    public static readonly SimDuration Zero = new(0);

    /// <summary>The same span in seconds.</summary>
    public double Seconds => Nanoseconds / 1e9;

    /// <summary>The same span in milliseconds.</summary>
    public double Milliseconds => Nanoseconds / 1e6;

    /// <summary>Seconds rounded once, half to even, to a nanosecond.</summary>
    /// <exception cref="OverflowException">The value is not finite or beyond 292 years.</exception>
    public static SimDuration FromSeconds(double seconds) => FromNanoseconds(seconds * 1e9);

    /// <summary>Milliseconds rounded once, half to even, to a nanosecond.</summary>
    /// <exception cref="OverflowException">The value is not finite or beyond 292 years.</exception>
    public static SimDuration FromMilliseconds(double milliseconds) => FromNanoseconds(milliseconds * 1e6);

    /// <summary>Microseconds rounded once, half to even, to a nanosecond.</summary>
    /// <exception cref="OverflowException">The value is not finite or beyond 292 years.</exception>
    public static SimDuration FromMicroseconds(double microseconds) => FromNanoseconds(microseconds * 1e3);

    // A checked conversion calls into the runtime; values that surely fit go without.
    private static SimDuration FromNanoseconds(double nanoseconds)
    {
        var rounded = Math.Round(nanoseconds, MidpointRounding.ToEven);
        return new(Math.Abs(rounded) < 1L << 62 ? unchecked((long)rounded) : checked((long)rounded));
    }

    /// <summary>
    /// The nanoseconds of several <see cref="FromMicroseconds(double)"/> side by side. From 2^52 on doubles are whole numbers, so that
    /// adding it rounds half to even, as <see cref="Math.Round(double)"/> does.
    /// </summary>
    /// <exception cref="OverflowException">A value is not finite or beyond 292 years.</exception>
    public static Vector<long> FromMicroseconds(Vector<double> microseconds)
    {
        var nanoseconds = microseconds * 1e3;
        if (Vector.GreaterThanOrEqualAll(nanoseconds, Vector<double>.Zero) && Vector.LessThanAll(nanoseconds, new Vector<double>(1L << 51)))
            return Vector.AsVectorInt64(nanoseconds + new Vector<double>(1L << 52)) - new Vector<long>(BitConverter.DoubleToInt64Bits(1L << 52));
        var rounded = Vector<long>.Zero;
        for (var i = 0; i < Vector<long>.Count; i++) rounded = rounded.WithElement(i, FromMicroseconds(microseconds[i]).Nanoseconds);
        return rounded;
    }

    /// <summary>The sum of two spans.</summary>
    public static SimDuration operator +(SimDuration a, SimDuration b) => new(a.Nanoseconds + b.Nanoseconds);

    /// <summary>The difference of two spans.</summary>
    public static SimDuration operator -(SimDuration a, SimDuration b) => new(a.Nanoseconds - b.Nanoseconds);

    /// <summary>A whole multiple of a span.</summary>
    public static SimDuration operator *(SimDuration a, long times) => new(a.Nanoseconds * times);

    /// <summary>One of equal parts, rounded half to even.</summary>
    public SimDuration DividedBy(long parts)
    {
        var (quotient, rest) = Math.DivRem(Nanoseconds, parts);
        var (below, above) = (Math.Abs(rest), parts - Math.Abs(rest));
        if (below > above || (below == above && quotient % 2 != 0)) quotient += Nanoseconds < 0 ? -1 : 1;
        return new(quotient);
    }

    /// <summary>Shorter than.</summary>
    public static bool operator <(SimDuration a, SimDuration b) => a.Nanoseconds < b.Nanoseconds;

    /// <summary>Longer than.</summary>
    public static bool operator >(SimDuration a, SimDuration b) => a.Nanoseconds > b.Nanoseconds;

    /// <summary>Not longer than.</summary>
    public static bool operator <=(SimDuration a, SimDuration b) => a.Nanoseconds <= b.Nanoseconds;

    /// <summary>Not shorter than.</summary>
    public static bool operator >=(SimDuration a, SimDuration b) => a.Nanoseconds >= b.Nanoseconds;

    /// <inheritdoc/>
    public int CompareTo(SimDuration other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Seconds with nine decimals, exact.</summary>
    public override string ToString() => SimTime.Text(Nanoseconds);
}
