namespace ServeSim.Tests;

/// <summary>Larger reference files that are not part of the repository; tests that need them are skipped without.</summary>
internal static class SharedFiles
{
    public static string? Folder => Environment.GetEnvironmentVariable("SERVESIM_SHARED") is { Length: > 0 } folder ? folder : null;

    /// <summary>Path of a file in that folder; skips the running test when the folder is not there.</summary>
    public static string Path(params string[] parts)
    {
        Skip.If(Folder is null, "SERVESIM_SHARED does not name the folder of reference files");
        return System.IO.Path.Combine([Folder!, .. parts]);
    }
}
