using System.Diagnostics.CodeAnalysis;

namespace ServeSim.Experiments.Configuration;

/// <summary>Groups of keys under names of the user's own, in the order of the file.</summary>
/// <typeparam name="T">The record that each group is.</typeparam>
[SuppressMessage("Design", "CA1000", Justification = "an empty table of a type is what a default is")]
public sealed class NamedGroups<T>(IReadOnlyList<KeyValuePair<string, T>> groups) : IEquatable<NamedGroups<T>>, INamedGroups
    where T : class
{
    /// <summary>None.</summary>
    public static NamedGroups<T> None { get; } = new([]);

    /// <summary>Names and groups.</summary>
    public IReadOnlyList<KeyValuePair<string, T>> Groups { get; } = groups;

    IEnumerable<KeyValuePair<string, object>> INamedGroups.All => Groups.Select(g => KeyValuePair.Create(g.Key, (object)g.Value));

    /// <summary>The names.</summary>
    public IEnumerable<string> Names => Groups.Select(g => g.Key);

    /// <summary>The group of that name, or null.</summary>
    public T? Find(string name) => Groups.FirstOrDefault(g => g.Key == name).Value;

    /// <inheritdoc/>
    public bool Equals(NamedGroups<T>? other) => other is not null && Groups.SequenceEqual(other.Groups);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NamedGroups<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => Groups.Count;

    /// <summary>Lets a binder read such groups wherever a record has them. A name for which the check has words is refused with them.</summary>
    internal static void AddTo(OptionsBinder binder, Problems problems, string example, Func<string, string?>? checkName = null) =>
        binder.Use<NamedGroups<T>>((node, path) => Bind(binder, problems, node, path, example, checkName));

    private static NamedGroups<T>? Bind(OptionsBinder binder, Problems problems, ConfigNode node, string path, string example, Func<string, string?>? checkName)
    {
        if (node is not ConfigMapping mapping)
        {
            problems.Add(node.Place, $"{path} must be groups of keys under names, such as {example}, got {node.Shown}");
            return null;
        }

        var groups = new List<KeyValuePair<string, T>>();
        foreach (var entry in mapping.Entries)
        {
            var key = OptionsBinder.Join(path, entry.Key);
            problems.Note(key, entry.Place);
            if (checkName?.Invoke(entry.Key) is { } complaint) problems.Add(entry.Place, $"{path}: {complaint}");
            else if (groups.Exists(g => g.Key == entry.Key)) problems.Add(entry.Place, $"{key} is given twice");
            else if (entry.Value is ConfigMapping or ConfigScalar { IsNull: true })
                groups.Add(new(entry.Key, binder.Bind<T>(entry.Value as ConfigMapping ?? new ConfigMapping(entry.Value.Place), key)));
            else problems.Add(entry.Value.Place, $"{key} must be a group of keys, such as {example}, got {entry.Value.Shown}");
        }

        return new(groups);
    }
}

/// <summary>Named groups of whatever type, for the writer.</summary>
internal interface INamedGroups
{
    IEnumerable<KeyValuePair<string, object>> All { get; }
}
