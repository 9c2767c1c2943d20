using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;

namespace ServeSim.Experiments.Reproductions;

/// <summary>A published finding that can be run again: one file, and the page made of it.</summary>
public sealed class Reproduction
{
    private const string Prefix = "reproductions/";
    private readonly string? _folder;

    private Reproduction(string name, string text, string origin, string? folder) => (Name, File, _folder) = (name, ReproductionReader.Read(text, origin), folder);

    /// <summary>Names of those that come with the program.</summary>
    public static IReadOnlyList<string> Shipped { get; } = [.. typeof(Reproduction).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..^".yaml".Length]).Order(StringComparer.Ordinal)];

    /// <summary>Its name, which is that of its page.</summary>
    public string Name { get; }

    /// <summary>What its file says.</summary>
    public ReproductionFile File { get; }

    /// <summary>One that comes with the program, or a file that ends in .yaml.</summary>
    /// <exception cref="InputException">There is none of that name, or its file has problems.</exception>
    public static Reproduction Open(string name)
    {
        if (name.EndsWith(".yaml", StringComparison.Ordinal) || name.EndsWith(".yml", StringComparison.Ordinal)) return OpenFile(name);
        if (!Shipped.Contains(name)) throw new InputException($"there is no reproduction \"{name}\"; {Suggestion.For(name, Shipped)}; or give a file that ends in .yaml");
        using var reader = new StreamReader(typeof(Reproduction).Assembly.GetManifestResourceStream($"{Prefix}{name}.yaml")!);
        return new Reproduction(name, reader.ReadToEnd(), $"{name}.yaml", null);
    }

    /// <summary>Runs every experiment; progress is told as runs done of all.</summary>
    /// <exception cref="InputException">A scenario cannot be used, or a number does not exist.</exception>
    /// <exception cref="PolicyFault">A policy broke a rule.</exception>
    public ReproductionPage Run(PolicyCatalog catalog, bool isQuick = false, Action<int>? progress = null, CancellationToken cancel = default)
    {
        var runner = new ExperimentRunner(catalog, _folder);
        var done = 0;
        var results = File.Experiments.Groups.Select(e => (e.Key, runner.Run(e.Value, isQuick ? File.Quick : null, () => progress?.Invoke(Interlocked.Increment(ref done)), cancel))).ToList();
        return new PageWriter(Name, File, isQuick, results).Write();
    }

    private static Reproduction OpenFile(string path)
    {
        try
        {
            return new Reproduction(Path.GetFileNameWithoutExtension(path), System.IO.File.ReadAllText(path), path, Path.GetDirectoryName(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}");
        }
    }
}
