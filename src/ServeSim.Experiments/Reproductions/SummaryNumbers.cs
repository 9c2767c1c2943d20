using System.Text.Json;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;

namespace ServeSim.Experiments.Reproductions;

/// <summary>The numbers of summary.json by their paths, so that a page can use whatever a result holds.</summary>
internal static class SummaryNumbers
{
    public static IReadOnlyDictionary<string, double> Of(RunSummary summary, RunDescription description)
    {
        using var buffer = new MemoryStream();
        SummaryJson.Write(buffer, summary, description);
        using var document = JsonDocument.Parse(buffer.ToArray());
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        Collect(document.RootElement, "", numbers);
        return numbers;
    }

    private static void Collect(JsonElement element, string path, Dictionary<string, double> numbers)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject()) Collect(property.Value, path.Length == 0 ? property.Name : $"{path}.{property.Name}", numbers);
                break;
            case JsonValueKind.Number: numbers[path] = element.GetDouble(); break;
            case JsonValueKind.True or JsonValueKind.False: numbers[path] = element.GetBoolean() ? 1 : 0; break;
            case JsonValueKind.Null: numbers[path] = double.NaN; break;
        }
    }
}
