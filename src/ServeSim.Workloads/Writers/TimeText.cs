using System.Globalization;

namespace ServeSim.Workloads.Writers;

/// <summary>Numbers as text with the fewest digits that read back to the same nanosecond.</summary>
internal static class TimeText
{
    /// <summary>Nanoseconds in units of 10^<paramref name="unit"/> ns.</summary>
    public static string Of(long nanoseconds, int unit)
    {
        var magnitude = (ulong)Math.Abs(nanoseconds);
        ulong divisor = 1;
        for (var i = 0; i < unit; i++) divisor *= 10;
        var whole = (magnitude / divisor).ToString(CultureInfo.InvariantCulture);
        var sign = nanoseconds < 0 ? "-" : "";
        var rest = magnitude % divisor;
        return rest == 0 ? sign + whole : $"{sign}{whole}.{rest.ToString(CultureInfo.InvariantCulture).PadLeft(unit, '0').TrimEnd('0')}";
    }
}
