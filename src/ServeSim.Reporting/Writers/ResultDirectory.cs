using ServeSim.Abstractions;

namespace ServeSim.Reporting.Writers;

/// <summary>
/// An output directory that appears whole or not at all. Files are written under temporary names and take their
/// places on <see cref="Commit"/>, summary.json last; without a commit they vanish and an earlier result stays as it was.
/// </summary>
public sealed class ResultDirectory : IDisposable
{
    private const string Temporary = ".partial";
    private const string Replaced = ".replaced";

    /// <summary>Files that a run may leave; those of an earlier run that the new one does not write go at its commit.</summary>
    public static IReadOnlyList<string> KnownFiles { get; } =
        ["scenario.yaml", "requests.csv", "iterations.csv", "report.html", "timeline.json", "environment.json", "summary.json"];

    private readonly List<(string Name, FileStream Stream)> _files = [];
    private readonly List<string> _created = [];
    private bool _committed;

    /// <summary>Makes the directory where it is missing.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public ResultDirectory(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("output directory is empty; give --out a directory such as results/run1");
        FullPath = Path.GetFullPath(path);
        try
        {
            for (var missing = FullPath; missing is not null && !Directory.Exists(missing); missing = Path.GetDirectoryName(missing))
                _created.Add(missing);
            Directory.CreateDirectory(FullPath);
        }
        catch (Exception problem) when (IsFileProblem(problem))
        {
            Dispose();
            throw Unusable(FullPath, problem);
        }
    }

    /// <summary>Where the files go.</summary>
    public string FullPath { get; }

    /// <summary>Starts a file; the directory closes it.</summary>
    /// <param name="name">A file name without folders.</param>
    /// <exception cref="InputException">It cannot be written, or another run is writing here.</exception>
    public Stream Create(string name)
    {
        if (Path.GetFileName(name) != name) throw new ArgumentException($"\"{name}\" must be a file name without folders");
        var target = Path.Combine(FullPath, name);
        if (Directory.Exists(target)) throw new InputException($"output file {target} is a directory; remove it or give another --out");
        try
        {
            // The lock of an open file keeps two runs apart; a left-over of a killed run is overwritten.
            var stream = new FileStream(Hidden(name, Temporary), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            stream.SetLength(0);
            _files.Add((name, stream));
            return stream;
        }
        catch (Exception problem) when (IsFileProblem(problem))
        {
            throw Unusable(target, problem);
        }
    }

    /// <summary>Puts all files in their places, or none of them.</summary>
    /// <exception cref="InputException">A file could not take its place; the earlier result is back.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_committed, this);
        var replaced = new List<string>();
        var placed = new List<string>();
        try
        {
            foreach (var (_, stream) in _files) stream.Dispose();
            // Only a directory that holds a summary is an earlier result; in any other, foreign files stay.
            var outdated = File.Exists(Path.Combine(FullPath, "summary.json")) ? KnownFiles.Reverse() : [];
            foreach (var name in outdated.Union(_files.Select(file => file.Name), StringComparer.Ordinal))
            {
                if (!File.Exists(Path.Combine(FullPath, name))) continue;
                File.Move(Path.Combine(FullPath, name), Hidden(name, Replaced), overwrite: true);
                replaced.Add(name);
            }

            foreach (var (name, _) in _files.OrderBy(file => file.Name == "summary.json"))
            {
                File.Move(Hidden(name, Temporary), Path.Combine(FullPath, name));
                placed.Add(name);
            }
        }
        catch (Exception problem) when (IsFileProblem(problem))
        {
            foreach (var name in placed) File.Move(Path.Combine(FullPath, name), Hidden(name, Temporary));
            foreach (var name in replaced) File.Move(Hidden(name, Replaced), Path.Combine(FullPath, name));
            throw Unusable(FullPath, problem);
        }

        _committed = true;
        foreach (var name in replaced) File.Delete(Hidden(name, Replaced));
    }

    /// <summary>Removes everything that was not committed.</summary>
    public void Dispose()
    {
        if (_committed) return;
        foreach (var (name, stream) in _files)
        {
            stream.Dispose();
            File.Delete(Hidden(name, Temporary));
        }

        _files.Clear();
        foreach (var directory in _created.Where(Directory.Exists))
        {
            if (Directory.EnumerateFileSystemEntries(directory).Any()) break;
            Directory.Delete(directory);
        }

        _created.Clear();
    }

    private string Hidden(string name, string suffix) => Path.Combine(FullPath, $".{name}{suffix}");

    private static bool IsFileProblem(Exception problem) => problem is IOException or UnauthorizedAccessException or NotSupportedException;

    private static InputException Unusable(string path, Exception problem) =>
        new($"output {path} cannot be written: {problem.Message.TrimEnd('.')}; give --out a directory that can be written and that no other run uses");
}
