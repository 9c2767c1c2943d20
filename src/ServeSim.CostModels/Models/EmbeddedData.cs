using System.Text.Json;

namespace ServeSim.CostModels.Models;

/// <summary>Reads the catalogue files inside the assembly. Plain DOM access: no reflection, so that start-up stays short.</summary>
internal static class EmbeddedData
{
    public static JsonDocument Open(string name)
    {
        using var stream = typeof(EmbeddedData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the assembly lacks its data file {name}");
        return JsonDocument.Parse(stream);
    }

    public static string Text(this JsonElement element, string key) => element.GetProperty(key).GetString()!;

    public static string? OptionalText(this JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) ? value.GetString() : null;

    public static int Int(this JsonElement element, string key) => element.GetProperty(key).GetInt32();

    public static int Int(this JsonElement element, string key, int otherwise) =>
        element.TryGetProperty(key, out var value) ? value.GetInt32() : otherwise;

    public static double Double(this JsonElement element, string key) => element.GetProperty(key).GetDouble();

    public static double? OptionalDouble(this JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) ? value.GetDouble() : null;

    public static bool Flag(this JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.GetBoolean();
}
