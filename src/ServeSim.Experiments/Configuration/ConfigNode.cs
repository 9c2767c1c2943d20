namespace ServeSim.Experiments.Configuration;

/// <summary>Where a value was written: a file with line and column, or the flag that gave it.</summary>
/// <param name="Origin">File name or flag.</param>
/// <param name="Line">Line from 1; 0 for a flag.</param>
/// <param name="Column">Column from 1; 0 for a flag.</param>
public readonly record struct ConfigPlace(string Origin, int Line = 0, int Column = 0)
{
    /// <summary>True for a place in a file.</summary>
    public bool IsInFile => Line > 0;

    /// <inheritdoc/>
    public override string ToString() => IsInFile ? $"{Origin}:{Line}:{Column}" : Origin;
}

/// <summary>A value as the user wrote it, before it has a type.</summary>
public abstract class ConfigNode(ConfigPlace place)
{
    /// <summary>Where it was written.</summary>
    public ConfigPlace Place { get; } = place;

    /// <summary>The value in a message: quoted text, or what it is.</summary>
    public abstract string Shown { get; }
}

/// <summary>One value; quotes make a text of what would otherwise be a number or nothing.</summary>
public sealed class ConfigScalar(string text, bool isQuoted, ConfigPlace place) : ConfigNode(place)
{
    /// <summary>The text without quotes.</summary>
    public string Text { get; } = text;

    /// <summary>True if it was written in quotes.</summary>
    public bool IsQuoted { get; } = isQuoted;

    /// <summary>True for <c>null</c>, <c>~</c> and an empty value.</summary>
    public bool IsNull => !IsQuoted && Text is "" or "~" or "null";

    /// <inheritdoc/>
    public override string Shown => IsQuoted ? $"the text \"{Text}\"" : IsNull ? "nothing" : Text;
}

/// <summary>A list.</summary>
public sealed class ConfigSequence(ConfigPlace place) : ConfigNode(place)
{
    /// <summary>Its members.</summary>
    public List<ConfigNode> Items { get; } = [];

    /// <inheritdoc/>
    public override string Shown => "a list";
}

/// <summary>One key with its value.</summary>
/// <param name="Key">As written.</param>
/// <param name="Place">Where the key was written.</param>
/// <param name="Value">Its value.</param>
public sealed record ConfigEntry(string Key, ConfigPlace Place, ConfigNode Value)
{
    /// <summary>The key in camel case, whichever way it was written.</summary>
    public string Name { get; } = NameStyle.Camel(Key);
}

/// <summary>Keys and values in the order of the input; duplicates are kept until they are reported.</summary>
public sealed class ConfigMapping(ConfigPlace place) : ConfigNode(place)
{
    /// <summary>The entries.</summary>
    public List<ConfigEntry> Entries { get; } = [];

    /// <inheritdoc/>
    public override string Shown => "a group of keys";

    /// <summary>The first entry of that (camel-case) name, or null.</summary>
    public ConfigEntry? Find(string name) => Entries.Find(e => e.Name == name);

    /// <summary>Replaces or adds a value.</summary>
    public void Set(string key, ConfigNode value)
    {
        var entry = new ConfigEntry(key, value.Place, value);
        Entries.RemoveAll(e => e.Name == entry.Name);
        Entries.Add(entry);
    }
}
