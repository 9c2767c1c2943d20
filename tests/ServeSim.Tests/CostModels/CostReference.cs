using System.Text.Json;

namespace ServeSim.Tests.CostModels;

/// <summary>Reference data outside the repository; tests that need it are skipped where SERVESIM_SHARED is not set.</summary>
internal static class CostReference
{
    private static readonly string? _root = Environment.GetEnvironmentVariable("SERVESIM_SHARED");

    public static bool IsAbsent => !File.Exists(PathOf("models.json"));

    public static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(PathOf(file)));
        return document.RootElement.Clone();
    }

    private static string PathOf(string file) => Path.Combine(_root ?? "", "reference", file);
}
