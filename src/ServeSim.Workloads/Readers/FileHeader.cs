using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ServeSim.Workloads.Readers;

/// <summary>What a canonical trace says about itself before its first record.</summary>
internal sealed class FileHeader(ProblemLog log)
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public bool IsCanonical => _values.ContainsKey("trace");

    public int? BlockSize { get; private set; }

    public string? StartText => _values.GetValueOrDefault("start");

    public string? Source => _values.GetValueOrDefault("source");

    public string? Seed => _values.GetValueOrDefault("seed");

    /// <summary>Power of ten that turns times into nanoseconds, or null for the default.</summary>
    public int? Unit { get; private set; }

    /// <summary>Takes a line <c># key: value</c>; other comments mean nothing.</summary>
    public void AddComment(ReadOnlySpan<byte> line, long number)
    {
        var text = Encoding.UTF8.GetString(line[1..]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0) Set(text[..colon].Trim(), text[(colon + 1)..].Trim(), number);
    }

    /// <summary>Takes a first line that is an object with a key <c>trace</c>; false when it is a record.</summary>
    public bool TryAddObject(ReadOnlySpan<byte> line, long number)
    {
        if (line.IndexOf("\"trace\""u8) < 0) return false;
        try
        {
            var reader = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("trace", out _)) return false;
            foreach (var property in document.RootElement.EnumerateObject())
                Set(property.Name, property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText(), number);
            return true;
        }
        catch (JsonException)
        {
            return false;    // the record parser says what is wrong with it
        }
    }

    private void Set(string key, string value, long line)
    {
        _values[key] = value;
        if (key == "trace" && value != "trace-1") log.Fatal("T010", line, 0, $"trace schema \"{value}\" is not known; this version reads trace-1");
        if (key == "block_size")
        {
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size < 1)
                log.Fatal("T020", line, 0, $"block_size: \"{value}\" is not an integer above 0");
            BlockSize = size;
        }

        if (key != "time_unit") return;
        Unit = value switch { "ns" => 0, "us" => 3, "ms" => 6, "s" => 9, _ => null };
        if (Unit is null) log.Fatal("T020", line, 0, $"time_unit: \"{value}\" is not one of ns, us, ms, s");
    }
}
