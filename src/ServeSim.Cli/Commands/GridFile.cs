using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

/// <summary>Writes a whole file or none, and says in the user's words why not.</summary>
internal static class GridFile
{
    public static void Write(string path, Action<Stream> write)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            var draft = path + ".tmp";
            using (var stream = File.Create(draft)) write(stream);
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written: {e.Message}");
        }
    }
}
