using ServeSim.Abstractions;

namespace ServeSim.CostModels.Data;

/// <summary>Named entries of a data file, each taken apart when it is first asked for.</summary>
/// <param name="file">Name of the data file.</param>
/// <param name="read">Makes an entry of a line.</param>
/// <param name="names">All names of an entry's line: the first is ours, the others are understood too.</param>
internal sealed class Catalogue<T>(string file, Func<string, T> read, Func<string, string[]> names)
    where T : class
{
    private readonly Lock _lock = new();
    private IReadOnlyList<string>? _lines;
    private T?[] _entries = [];

    /// <summary>Every entry, in the order of the file.</summary>
    public IReadOnlyList<T> All
    {
        get
        {
            lock (_lock)
            {
                Load();
                var all = new T[_entries.Length];
                for (var i = 0; i < all.Length; i++) all[i] = Entry(i);
                return all;
            }
        }
    }

    /// <summary>An entry by one of its names, case ignored; null if there is none.</summary>
    public T? Find(string name)
    {
        lock (_lock)
        {
            var lines = Load();
            for (var i = 0; i < lines.Count; i++)
            {
                foreach (var known in names(lines[i]))
                    if (string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) return Entry(i);
            }

            return null;
        }
    }

    /// <summary>An entry by one of its names.</summary>
    /// <exception cref="InputException">There is none; says which name is near.</exception>
    public T Get(string kind, string name) => Find(name) ?? throw Unknown(kind, name);

    /// <summary>The name of a line.</summary>
    public static string FirstName(string line) => line[..line.IndexOf(';', StringComparison.Ordinal)];

    private InputException Unknown(string kind, string name)
    {
        var known = new List<string>();
        foreach (var line in Load()) known.Add(FirstName(line));
        return new($"{kind}: unknown {kind} \"{name}\"; {Suggestion.For(name, known)}");
    }

    private IReadOnlyList<string> Load()
    {
        if (_lines is null)
        {
            _lines = DataFile.Lines(file);
            _entries = new T?[_lines.Count];
        }

        return _lines;
    }

    private T Entry(int index) => _entries[index] ??= read(_lines![index]);
}
