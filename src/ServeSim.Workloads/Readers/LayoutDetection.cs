using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Chooses a layout from the first line alone; a file name proves nothing.</summary>
internal static class LayoutDetection
{
    private const string ServeGen = "these are ServeGen client statistics (rates and histograms), the input of a generator, not a request trace";
    private const string Agentic = "agentic program traces (agw-1) cannot be read yet; export the calls as one request per line";
    private static readonly string[] Refused = ["agw-1", "servegen"];

    public static IReadOnlyList<string> Names { get; } =
        ["servesim", .. Layouts.Foreign.Select(layout => layout.Name), "bailian", .. Refused];

    /// <summary>Checks a format name that the user gave; null means auto.</summary>
    public static string? Named(string format, ProblemLog log)
    {
        switch (format)
        {
            case "auto": return null;
            case "bailian": return "qwen";
            case "agw-1": log.Fatal("T010", 1, 0, Agentic); return null;
            case "servegen": log.Fatal("T010", 1, 0, ServeGen); return null;
            default:
                if (!Names.Contains(format)) log.Fatal("T010", 1, 0, $"no format \"{format}\"; {Suggestion.For(format, Names)}");
                return format;
        }
    }

    public static Layout ForCsv(string[] names, bool canonicalHeader, int unit, string? format, long line, ProblemLog log)
    {
        if (names.Length == 6 && NumberText.ParseTime(Encoding.UTF8.GetBytes(names[0]), 0, out _) == NumberVerdict.Good) log.Fatal("T010", line, 0, ServeGen);
        var found = canonicalHeader ? "servesim" : FindCsv(names);
        var layout = Choose(found ?? NearestCsv(names), found, format, json: false, unit, line, log);
        if (layout is null) log.Fatal("T010", line, 0, $"no known trace layout; first line has columns \"{string.Join(';', names)}\"; {Known}");
        if (layout.Name == "servesim" && !names.Contains("arrived_at", StringComparer.OrdinalIgnoreCase) && !names.Contains("wait_for", StringComparer.OrdinalIgnoreCase))
            log.Fatal("T011", line, 0, $"missing column arrived_at; found {string.Join(", ", names)}{CsvRecordParser.Near("arrived_at", names)}");
        return layout;
    }

    public static Layout ForJson(ReadOnlySpan<byte> first, bool canonicalHeader, int unit, string? format, long line, ProblemLog log)
    {
        var keys = Keys(first, line, log);
        if (keys.Contains("k") && keys.Contains("trace") is false && first.IndexOf("\"header\""u8) >= 0) log.Fatal("T010", line, 0, Agentic);
        var found = canonicalHeader ? "servesim" : FindJson(keys);
        var layout = Choose(found ?? NearestJson(keys), found, format, json: true, unit, line, log);
        if (layout is null) log.Fatal("T010", line, 0, $"no known trace layout; first line has keys \"{string.Join(';', keys)}\"; {Known}");
        return layout;
    }

    private static string Known => $"known layouts: {string.Join(", ", Names.Except(Refused))}";

    private static Layout? Choose(string? best, string? found, string? format, bool json, int unit, long line, ProblemLog log)
    {
        var name = format ?? best;
        if (name is null) return null;
        var layout = name == "servesim" ? Layouts.Canonical(json, unit) : Layouts.Foreign.First(candidate => candidate.Name == name);
        if (format is not null && ((found is not null && !Agree(format, found)) || layout.IsJson != json))
            log.Fatal("T010", line, 0, $"format {format} was asked for, but the first line is {(found is null ? json ? "JSON" : "CSV" : $"that of {found}")}");
        return layout;
    }

    /// <summary>Vidur, Mooncake and plain length files are subsets of the canonical schema.</summary>
    private static bool Agree(string format, string found) =>
        format == found || (format == "servesim" && found is "vidur" or "mooncake" or "lengths") || (found == "servesim" && format is "vidur" or "mooncake");

    private static string? FindCsv(string[] names)
    {
        var complete = Layouts.Foreign.Where(layout => !layout.IsJson && layout.Matches(names) == layout.RequiredCount).ToList();
        if (complete.FirstOrDefault(layout => layout != Layouts.Lengths && layout != Layouts.Vidur) is { } own) return own.Name;
        if (complete.Count == 0) return null;
        var subset = names.All(name => Layouts.Vidur.Fields.Any(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)));
        return subset ? complete[0].Name : "servesim";
    }

    private static string? NearestCsv(string[] names) => Layouts.Foreign
        .Where(layout => !layout.IsJson && layout.RequiredCount == 3 && layout.Matches(names) == 2).Select(layout => layout.Name).FirstOrDefault();

    private static string? FindJson(List<string> keys)
    {
        if (keys.Contains("chat_id") && keys.Contains("parent_chat_id")) return "qwen";
        if ((keys.Contains("input_toks") && keys.Contains("output_toks")) || keys.Contains("sub_requests")) return "toks";
        if (keys.Contains("timestamp") && keys.Contains("requests")) return "aibrix";
        if (!keys.Contains("input_length") || !keys.Contains("output_length")) return null;
        var own = Layouts.Canonical(json: true, 6).Fields.Select(field => field.Name).Except(Layouts.Mooncake.Fields.Select(field => field.Name));
        return keys.Any(key => own.Contains(key) || key.StartsWith("x_", StringComparison.Ordinal)) ? "servesim" : "mooncake";
    }

    private static string? NearestJson(List<string> keys) =>
        keys.Contains("input_length") || keys.Contains("output_length") || keys.Contains("hash_ids") || (keys.Contains("timestamp") && (keys.Contains("text_input") || keys.Contains("messages")))
            ? "mooncake" : keys.Contains("input_toks") || keys.Contains("output_toks") ? "toks" : null;

    private static List<string> Keys(ReadOnlySpan<byte> line, long number, ProblemLog log)
    {
        var keys = new List<string>();
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                keys.Add(reader.GetString()!);
                reader.Read();
                reader.Skip();
            }
        }
        catch (JsonException broken)
        {
            log.Fatal("T014", number, (int)(broken.BytePositionInLine ?? 0) + 1, $"invalid JSON: {JsonRecordParser.Reason(line, broken)}");
        }

        return keys;
    }
}
