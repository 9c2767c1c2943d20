using ServeSim.Abstractions;

namespace ServeSim.Experiments.Configuration;

/// <summary>
/// Binds keys and values to a record by its primary constructor and settable properties. Every problem is reported
/// with its place, key, what was found and what is allowed; a value with a problem keeps its default.
/// </summary>
public sealed class OptionsBinder(Problems problems)
{
    private readonly Dictionary<Type, Func<ConfigNode, string, object?>> _special = [];

    /// <summary>Binds properties of type <typeparamref name="T"/> with a function instead.</summary>
    public void Use<T>(Func<ConfigNode, string, object?> bind) => _special[typeof(T)] = bind;

    /// <summary>A record of type <typeparamref name="T"/> from a mapping.</summary>
    public T Bind<T>(ConfigMapping mapping, string path = "") where T : class => (T)Bind(typeof(T), mapping, path);

    /// <summary>A record from a mapping; keys in <paramref name="taken"/> belong to somebody else.</summary>
    public object Bind(Type type, ConfigMapping mapping, string path, params IReadOnlyList<string> taken)
    {
        var shape = RecordShape.Of(type);
        var values = new Dictionary<RecordField, object?>();
        var seen = new Dictionary<string, ConfigEntry>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            var key = Join(path, entry.Name);
            if (!seen.TryAdd(entry.Name, entry))
            {
                problems.Add(entry.Place, $"{key} is given twice, first at {seen[entry.Name].Place}");
                continue;
            }

            if (taken.Contains(entry.Name)) continue;
            var field = shape.Fields.FirstOrDefault(f => f.Name == entry.Name);
            if (field is null)
            {
                problems.Add(entry.Place, $"{key} is not a known key; {KnownKeys(entry.Key, shape, taken)}");
                continue;
            }

            problems.Note(key, entry.Value.Place);
            if (TryBind(field, entry.Value, key, out var value)) values[field] = value;
        }

        foreach (var field in shape.Fields)
        {
            if (!field.HasDefault && !seen.ContainsKey(field.Name))
                problems.Add(mapping.Place, $"{Join(path, field.Name)} must be given: {ScalarText.Describe(field.Type)}");
        }

        return Create(shape, values, path);
    }

    internal static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string KnownKeys(string given, RecordShape shape, IReadOnlyList<string> taken)
    {
        var names = taken.Concat(shape.Fields.Select(f => f.Name)).ToList();
        return names.Count == 0 ? "there are none here" : Suggestion.For(NameStyle.Camel(given), names);
    }

    private object Create(RecordShape shape, Dictionary<RecordField, object?> values, string path)
    {
        try
        {
            return shape.Create(values);
        }
        catch (ArgumentException e)
        {
            var name = e.ParamName is { } parameter ? Join(path, NameStyle.Camel(parameter)) : path;
            problems.Add(problems.PlaceOf(name), $"{name}: {e.Message}");
            return shape.Create(new Dictionary<RecordField, object?>());
        }
    }

    private bool TryBind(RecordField field, ConfigNode node, string key, out object? value)
    {
        value = null;
        if (node is ConfigScalar { IsNull: true })
        {
            if (!field.AllowsNull) problems.Add(node.Place, $"{key} must be {Allowed(field.Type)}, got {node.Shown}");
            return field.AllowsNull;
        }

        if (_special.TryGetValue(field.Type, out var bind))
        {
            value = bind(node, key);
            return value is not null;
        }

        if (ScalarText.Handles(field.Type))
        {
            var allowed = Allowed(field.Type);
            if (node is ConfigScalar scalar && ScalarText.TryParse(field.Type, scalar.Text, scalar.IsQuoted, out value, out allowed))
            {
                if (field.Range?.IsValid(value) != false) return true;
                allowed = field.RangeText!;
            }

            problems.Add(node.Place, $"{key} must be {allowed}, got {node.Shown}{Hint(field.Type, node)}");
            return false;
        }

        if (node is ConfigMapping mapping)
        {
            value = Bind(field.Type, mapping, key);
            return true;
        }

        problems.Add(node.Place, $"{key} must be a group of keys ({string.Join(", ", RecordShape.Of(field.Type).Fields.Select(f => f.Name))}), got {node.Shown}");
        return false;
    }

    private static string Allowed(Type type) => (Nullable.GetUnderlyingType(type) ?? type).IsEnum
        ? "one of " + ScalarText.Describe(type).Replace("|", ", ", StringComparison.Ordinal)
        : ScalarText.Handles(type) ? ScalarText.Describe(type) : "a group of keys";

    private static string Hint(Type type, ConfigNode node)
    {
        if ((Nullable.GetUnderlyingType(type) ?? type) is not { IsEnum: true } names || node is not ConfigScalar scalar) return "";
        var suggestion = Suggestion.For(scalar.Text, Enum.GetNames(names).Select(NameStyle.Kebab));
        return suggestion.StartsWith("did", StringComparison.Ordinal) ? $"; {suggestion}" : "";
    }
}
