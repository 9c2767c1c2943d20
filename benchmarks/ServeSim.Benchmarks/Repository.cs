using ServeSim.Abstractions;

namespace ServeSim.Benchmarks;

/// <summary>Where the files of the repository are.</summary>
internal static class Repository
{
    /// <summary>A path under the folder that holds the solution, looked for from the working directory and the program upwards.</summary>
    /// <exception cref="InputException">Neither lies inside the repository.</exception>
    public static string Path(params ReadOnlySpan<string> parts) =>
        System.IO.Path.Combine([Above(Directory.GetCurrentDirectory()) ?? Above(AppContext.BaseDirectory) ?? throw new InputException("run this inside the repository"), .. parts]);

    /// <summary>Name of the processor.</summary>
    public static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        var line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string? Above(string folder)
    {
        for (var at = folder; at is not null; at = System.IO.Path.GetDirectoryName(at))
            if (File.Exists(System.IO.Path.Combine(at, "Simulator.sln"))) return at;
        return null;
    }
}
