using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Reporting.Slo;

/// <summary>Latency limits as text: <c>ttft=450ms,tbt=100ms</c>, or a preset such as <c>mlperf:llama-3.1-8b/server</c>.</summary>
public static class SloText
{
    private const string Example = "ttft=450ms,tbt=100ms,tpot=0.2s,e2e=10s";
    private static readonly string[] Keys = ["ttft", "tbt", "tpot", "e2e"];
    private static readonly (string Name, decimal Nanoseconds)[] Units = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

    /// <summary>Reads limits. A number without a unit is in milliseconds; "none" or nothing at all sets no limit.</summary>
    /// <exception cref="InputException">All problems of the text.</exception>
    public static SloLimits Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim() is "" or "none") return SloLimits.None;
        var (limits, preset) = (SloLimits.None, SloLimits.None);
        var given = new HashSet<string>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            try
            {
                if (part.Contains(':', StringComparison.Ordinal))
                {
                    if (!given.Add("preset")) throw new InputException($"slo \"{part}\": a preset is given twice; give one and change single limits after it, as in {SloPresets.Names[0]},e2e=10s");
                    preset = SloPresets.Find(part);
                }
                else
                {
                    limits = Set(limits, part, given);
                }
            }
            catch (InputException problem)
            {
                problems.AddRange(problem.Problems);
            }
        }

        return problems.Count == 0 ? limits.Or(preset) : throw new InputException(problems);
    }

    /// <summary>The text that <see cref="Parse"/> reads back to the same limits.</summary>
    public static string Format(SloLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (limits.IsEmpty) return "none";
        (string Key, SimDuration? Limit)[] all = [("ttft", limits.Ttft), ("tbt", limits.Tbt), ("tpot", limits.Tpot), ("e2e", limits.E2e)];
        return string.Join(',', all.Where(one => one.Limit is not null).Select(one => string.Create(CultureInfo.InvariantCulture,
            $"{one.Key}={one.Limit!.Value.Nanoseconds / 1_000_000m:0.######}ms")));
    }

    private static SloLimits Set(SloLimits limits, string part, HashSet<string> given)
    {
        var cut = part.IndexOf('=', StringComparison.Ordinal);
        if (cut < 0) throw new InputException($"slo \"{part}\": expected key=duration, as in {Example}");
        var (key, value) = (part[..cut].Trim(), part[(cut + 1)..].Trim());
        if (key == "e2el") key = "e2e";
        if (!Keys.Contains(key, StringComparer.Ordinal))
            throw new InputException($"slo.{key} is no limit; {Suggestion.For(key, Keys)} (allowed: {string.Join(", ", Keys)})");
        if (!given.Add(key)) throw new InputException($"slo.{key} is given twice in the same text; keep one");
        var limit = Duration(key, value);
        return key switch
        {
            "ttft" => limits with { Ttft = limit },
            "tbt" => limits with { Tbt = limit },
            "tpot" => limits with { Tpot = limit },
            _ => limits with { E2e = limit },
        };
    }

    private static SimDuration Duration(string key, string text)
    {
        var number = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]);
        var unit = text[number.Length..];
        var scale = Units.FirstOrDefault(one => one.Name == (unit.Length == 0 ? "ms" : unit)).Nanoseconds;
        if (scale == 0) throw new InputException($"slo.{key} has the unknown unit \"{unit}\" in \"{text}\"; {Suggestion.For(unit, Units.Select(one => one.Name))} (allowed: ns, us, ms, s; none means ms)");
        if (!decimal.TryParse(number.TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            throw new InputException($"slo.{key} must be a duration, got \"{text}\"; try {key}=450ms");
        if (amount > long.MaxValue / scale || Math.Round(amount * scale, MidpointRounding.ToEven) < 1)
            throw new InputException($"slo.{key} must be from 1ns to 292 years, got \"{text}\"; leave the key out for no limit");
        return new SimDuration((long)Math.Round(amount * scale, MidpointRounding.ToEven));
    }
}
