using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Configuration;

/// <summary>Values of options to text and back. What is formatted reads back to an equal value.</summary>
internal static class ScalarText
{
    private static readonly (string Unit, decimal Nanoseconds)[] Units =
        [("ns", 1m), ("us", 1_000m), ("ms", 1_000_000m), ("s", 1_000_000_000m), ("min", 60_000_000_000m), ("h", 3_600_000_000_000m)];

    /// <summary>True for the types that one scalar can hold, nullable or not.</summary>
    public static bool Handles(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain.IsEnum || plain == typeof(int) || plain == typeof(long) || plain == typeof(ulong) || plain == typeof(double)
            || plain == typeof(bool) || plain == typeof(string) || plain == typeof(SimDuration);
    }

    /// <summary>Reads a value; on failure <paramref name="allowed"/> completes "must be …".</summary>
    public static bool TryParse(Type type, string text, bool isQuoted, out object? value, out string allowed)
    {
        value = null;
        allowed = "";
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
        {
            value = text;
            return true;
        }

        if (plain.IsEnum)
        {
            var names = Enum.GetNames(plain);
            var index = Array.FindIndex(names, n => NameStyle.Kebab(n) == text);
            if (index >= 0) value = Enum.Parse(plain, names[index]);
            else allowed = "one of " + string.Join(", ", names.Select(NameStyle.Kebab));
            return index >= 0;
        }

        allowed = Describe(plain);
        if (isQuoted && plain != typeof(SimDuration)) return false;
        if (plain == typeof(bool)) value = text switch { "true" => true, "false" => false, _ => null };
        else if (plain == typeof(int)) value = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var i) ? i : null;
        else if (plain == typeof(long)) value = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l) ? l : null;
        else if (plain == typeof(ulong)) value = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var u) ? u : null;
        else if (plain == typeof(double))
            value = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && double.IsFinite(d) ? d : null;
        else if (plain == typeof(SimDuration)) value = ParseDuration(text);
        return value is not null;
    }

    /// <summary>The kind of value in words.</summary>
    public static string Describe(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain == typeof(int) ? "a whole number (at most 2147483647)"
            : plain == typeof(long) ? "a whole number"
            : plain == typeof(ulong) ? "a whole number from 0"
            : plain == typeof(double) ? "a number"
            : plain == typeof(bool) ? "true or false"
            : plain == typeof(SimDuration) ? "a duration such as 10ms, 2.5s or 1h (ns, us, ms, s, min, h)"
            : plain.IsEnum ? string.Join('|', Enum.GetNames(plain).Select(NameStyle.Kebab))
            : "a text";
    }

    /// <summary>The value as a file or a message shows it.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        SimDuration d => FormatDuration(d),
        Enum e => NameStyle.Kebab(e.ToString()),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static SimDuration? ParseDuration(string text)
    {
        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz").TrimEnd();
        var unit = text.AsSpan(digits.Length).Trim().ToString();
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return null;
        if (unit.Length == 0) return number == 0 ? SimDuration.Zero : null;
        foreach (var (name, nanoseconds) in Units)
        {
            if (name != unit) continue;
            if (Math.Abs(number) > long.MaxValue / nanoseconds) return null;
            return new SimDuration((long)Math.Round(number * nanoseconds, MidpointRounding.ToEven));
        }

        return null;
    }

    private static string FormatDuration(SimDuration duration)
    {
        var ns = duration.Nanoseconds;
        var (unit, size) = ns % 1_000_000_000 == 0 ? ("s", 1_000_000_000L) : ns % 1_000_000 == 0 ? ("ms", 1_000_000L) : ns % 1_000 == 0 ? ("us", 1_000L) : ("ns", 1L);
        return string.Create(CultureInfo.InvariantCulture, $"{ns / size}{unit}");
    }
}
