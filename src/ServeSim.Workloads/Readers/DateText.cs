namespace ServeSim.Workloads.Readers;

/// <summary>
/// Date-times of the published traces: a blank or T between date and time, 0 to 9 decimals (the 2024 files leave the
/// fraction out on whole seconds), no zone, Z or an offset. No zone means UTC.
/// </summary>
internal static class DateText
{
    /// <summary>Nanoseconds since 1970; false when the text is no date-time.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long nanoseconds)
    {
        nanoseconds = 0;
        text = text.Trim(" \t"u8);
        if (text.Length < 19 || text[4] != '-' || text[7] != '-' || text[10] is not ((byte)' ' or (byte)'T') || text[13] != ':' || text[16] != ':')
            return false;
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second))
            return false;
        if (year is < 1700 or > 2250 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;

        var rest = text[19..];
        long fraction = 0;
        if (!rest.IsEmpty && rest[0] == '.')
        {
            var length = 1;
            while (length < rest.Length && rest[length] is >= (byte)'0' and <= (byte)'9') length++;
            if (length is < 2 or > 10) return false;
            for (var i = 1; i < 10; i++) fraction = (fraction * 10) + (i < length ? rest[i] - '0' : 0);
            rest = rest[length..];
        }

        if (!TryZone(rest, out var offsetMinutes)) return false;
        var seconds = (Days(year, month, day) * 86_400) + (hour * 3600) + ((minute - offsetMinutes) * 60L) + second;
        nanoseconds = (seconds * 1_000_000_000) + fraction;
        return true;
    }

    private static bool TryZone(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.IsEmpty || (text.Length == 1 && text[0] == 'Z')) return true;
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':') return false;
        if (!Digits(text[1..3], out var hour) || !Digits(text[4..6], out var minute) || hour > 18 || minute > 59) return false;
        minutes = (text[0] == '-' ? -1 : 1) * ((hour * 60) + minute);
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            value = (value * 10) + (b - '0');
        }

        return true;
    }

    /// <summary>Days since 1970-01-01, counted with years that start in March so that the leap day is last.</summary>
    private static long Days(int year, int month, int day)
    {
        long shifted = month <= 2 ? year - 1 : year;
        var dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        return (shifted * 365) + (shifted / 4) - (shifted / 100) + (shifted / 400) + dayOfYear - 719_468;
    }
}
