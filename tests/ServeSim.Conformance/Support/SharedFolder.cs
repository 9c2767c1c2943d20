namespace ServeSim.Conformance.Support;

/// <summary>The folder of measured data and reference vectors, named by the environment; tests that need it are skipped without it.</summary>
internal static class SharedFolder
{
    public const string Variable = "SERVESIM_SHARED";

    private static readonly string? Root = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path && Directory.Exists(path) ? path : null;

    public static bool IsMissing => Root is null;

    public static string PathOf(string relative)
    {
        Skip.If(Root is null, $"{Variable} does not name a folder");
        return Path.Combine(Root!, relative);
    }
}
