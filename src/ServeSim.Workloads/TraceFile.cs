using ServeSim.Abstractions;
using ServeSim.Workloads.Readers;

namespace ServeSim.Workloads;

/// <summary>Opens traces: plain or gzip files, <c>-</c> for standard input, or any stream.</summary>
public static class TraceFile
{
    /// <summary>Names of the layouts, for messages and completion.</summary>
    public static IReadOnlyList<string> Formats => LayoutDetection.Names;

    /// <summary>Opens a file; its first line is read at once.</summary>
    /// <exception cref="InputException">No such file, or its first line shows that it is no trace.</exception>
    public static TraceReader Open(string path, TraceReadOptions? options = null)
    {
        if (path == "-") return Open(Console.OpenStandardInput(), "<stdin>", options);
        if (Directory.Exists(path))
            throw new InputException($"{path}:1: error T010: this is a directory; a request trace is one file (ServeGen directories are input of a generator)");
        try
        {
            return Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan), path, options);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"{path}: cannot be opened; {Why(path, missing)}");
        }
    }

    /// <summary>Reads a stream under a name that messages use; the stream is closed with the reader.</summary>
    /// <exception cref="InputException">The first line shows that it is no trace.</exception>
    public static TraceReader Open(Stream stream, string name, TraceReadOptions? options = null)
    {
        try
        {
            return new TraceReader(stream, name, options ?? new TraceReadOptions());
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static string Why(string path, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => Nearby(path),
        UnauthorizedAccessException => "no permission to read it",
        _ => error.Message,
    };

    private static string Nearby(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (!Directory.Exists(folder)) return $"there is no folder {folder}";
        var hint = Suggestion.For(Path.GetFileName(path), Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).Take(1000));
        return hint.StartsWith("did you mean", StringComparison.Ordinal) ? $"there is no such file, {hint}" : "there is no such file";
    }
}
