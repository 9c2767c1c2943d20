namespace ServeSim.Workloads.Readers;

/// <summary>
/// Numbers from UTF-8 bytes, independent of culture. Times never pass through a double, so that every decimal
/// of a date or of an epoch second survives to the nanosecond.
/// </summary>
internal static class NumberText
{
    private const int MaxDigits = 18;

    /// <summary>An integer: optional sign and blanks around it, nothing else.</summary>
    public static NumberVerdict ParseInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        text = text.Trim(" \t"u8);
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'+' or (byte)'-')
        {
            negative = text[0] == '-';
            text = text[1..];
        }

        if (text.IsEmpty) return NumberVerdict.NotANumber;
        var tooLong = false;
        foreach (var b in text)
        {
            var digit = unchecked((uint)(b - '0'));
            if (digit > 9) return NumberVerdict.NotANumber;
            if (value > (long.MaxValue / 10) - 1) tooLong = true;
            else value = (value * 10) + digit;
        }

        if (negative) value = -value;
        return tooLong ? NumberVerdict.OutOfRange : NumberVerdict.Good;
    }

    /// <summary>A decimal, exponent form allowed, times 10^<paramref name="unit"/>, rounded once to an integer, half to even.</summary>
    public static NumberVerdict ParseTime(ReadOnlySpan<byte> text, int unit, out long nanoseconds)
    {
        nanoseconds = 0;
        text = text.Trim(" \t"u8);
        var i = 0;
        var negative = false;
        if (i < text.Length && text[i] is (byte)'+' or (byte)'-') negative = text[i++] == '-';

        long mantissa = 0;
        int kept = 0, scale = unit, digits = 0;
        bool sticky = false, fraction = false;
        for (; i < text.Length; i++)
        {
            var b = text[i];
            if (b == '.' && !fraction)
            {
                fraction = true;
                continue;
            }

            var digit = b - '0';
            if (digit is < 0 or > 9) break;
            digits++;
            if (fraction) scale--;
            if (kept < MaxDigits)
            {
                mantissa = (mantissa * 10) + digit;
                if (mantissa != 0) kept++;
            }
            else
            {
                scale++;
                sticky |= digit != 0;
            }
        }

        if (digits == 0) return NumberVerdict.NotANumber;
        if (i < text.Length)
        {
            if (text[i] is not ((byte)'e' or (byte)'E')) return NumberVerdict.NotANumber;
            var tail = text[(i + 1)..];
            if (tail.IsEmpty || tail[0] is (byte)' ' or (byte)'\t') return NumberVerdict.NotANumber;
            var verdict = ParseInteger(tail, out var exponent);
            if (verdict == NumberVerdict.NotANumber) return verdict;
            scale += (int)Math.Clamp(verdict == NumberVerdict.OutOfRange ? (tail[0] == '-' ? -100_000 : 100_000) : exponent, -100_000, 100_000);
        }

        if (!Rescale(ref mantissa, scale, sticky)) return NumberVerdict.OutOfRange;
        nanoseconds = negative ? -mantissa : mantissa;
        return NumberVerdict.Good;
    }

    private static bool Rescale(ref long mantissa, int scale, bool sticky)
    {
        if (mantissa == 0) return true;
        for (; scale > 0; scale--)
        {
            if (mantissa > long.MaxValue / 10) return false;
            mantissa *= 10;
        }

        if (scale == 0) return true;
        if (scale < -MaxDigits)
        {
            mantissa = 0;
            return true;
        }

        long divisor = 1;
        for (; scale < 0; scale++) divisor *= 10;
        var rest = mantissa % divisor;
        mantissa /= divisor;
        var half = divisor / 2;
        if (rest > half || (rest == half && (sticky || (mantissa & 1) == 1))) mantissa++;
        return true;
    }
}
