using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Configuration;

/// <summary>Collects everything that is wrong with an input, so that the user sees all of it at once.</summary>
public sealed class Problems
{
    private readonly List<(ConfigPlace? Place, string Text)> _found = [];
    private readonly Dictionary<string, ConfigPlace> _places = new(StringComparer.Ordinal);

    /// <summary>True as long as nothing is wrong.</summary>
    public bool IsEmpty => _found.Count == 0;

    /// <summary>The problems: those of files by line, then those of flags, then those of no place.</summary>
    public IReadOnlyList<string> All => [.. _found
        .OrderBy(p => p.Place switch { { IsInFile: true } => 0, not null => 1, null => 2 })
        .ThenBy(p => p.Place?.Line ?? 0).ThenBy(p => p.Place?.Column ?? 0)
        .Select(p => p.Place is { } place ? $"{place}: {p.Text}" : p.Text)];

    /// <summary>Remembers where the value of a key was written, for later rules about it.</summary>
    public void Note(string path, ConfigPlace place) => _places[path] = place;

    /// <summary>Where the value of a key was written, or null if it is a default.</summary>
    public ConfigPlace? PlaceOf(string path) => _places.TryGetValue(path, out var place) ? place : null;

    /// <summary>One more problem.</summary>
    public void Add(ConfigPlace? place, string text) => _found.Add((place, text));

    /// <summary>A rule about the value of a key: <c>kv.memoryFraction must be in (0, 1], got 1.4</c>.</summary>
    public void Require<T>(bool holds, string path, T value, string rule)
    {
        if (!holds) Add(PlaceOf(path), string.Create(CultureInfo.InvariantCulture, $"{path} {rule}, got {ScalarText.Format(value)}"));
    }

    /// <summary>Runs a check that raises <see cref="InputException"/>; its problems become problems of this key.</summary>
    public void Check(string path, Action check)
    {
        try
        {
            check();
        }
        catch (InputException e)
        {
            foreach (var problem in e.Problems) Add(PlaceOf(path), problem.StartsWith(path, StringComparison.Ordinal) ? problem : $"{path}: {problem}");
        }
    }

    /// <summary>Raises all problems as one error.</summary>
    public void ThrowIfAny()
    {
        if (!IsEmpty) throw new InputException(All);
    }
}
