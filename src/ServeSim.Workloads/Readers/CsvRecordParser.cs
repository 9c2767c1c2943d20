using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Reads rows of a CSV layout, whatever the order of its columns.</summary>
internal sealed class CsvRecordParser
{
    private readonly RecordSink _sink;
    private readonly CsvFields _fields = new();
    private readonly FieldSpec?[] _columns;
    private readonly string[] _names;
    private readonly bool[] _isX;
    private readonly FieldSpec? _numberSpec;

    public CsvRecordParser(RecordSink sink, Layout layout, string[] names)
    {
        _sink = sink;
        _names = names;
        _columns = new FieldSpec?[names.Length];
        _isX = new bool[names.Length];
        _numberSpec = layout.Fields.FirstOrDefault(field => field.Kind == FieldKind.Numbers);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            var name = names[i];
            if (!seen.Add(name)) sink.Log.Fatal("T012", sink.Line, i + 1, $"duplicate column {name}");
            var spec = layout.Fields.FirstOrDefault(field => field.Name == name)
                ?? layout.Fields.FirstOrDefault(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (spec is not null && spec.Field > TraceField.Extra && _columns.Any(column => column?.Field == spec.Field))
                sink.Log.Fatal("T012", sink.Line, i + 1, $"duplicate column {spec.Name}; {name} means the same as another column");
            _columns[i] = spec;
            _isX[i] = name.StartsWith("x_", StringComparison.Ordinal);
        }

        // A missing required column explains an unknown one, so it is looked for first.
        foreach (var missing in layout.Fields)
        {
            if (!missing.Required || _columns.Contains(missing)) continue;
            var unknown = names.Where((_, i) => _columns[i] is null && !_isX[i]);
            sink.Log.Fatal("T011", sink.Line, 0, $"missing column {missing.Name}; found {string.Join(", ", names)}{Near(missing.Name, unknown)}");
        }

        for (var i = 0; i < names.Length; i++)
        {
            if (_columns[i] is null && !_isX[i])
                sink.Unknown(names[i], "column", i + 1, Suggestion.For(names[i], layout.Fields.Select(field => field.Name)));
        }

        HasDependencies = layout.MayHaveDependencies && _columns.Any(column => column?.Field == TraceField.WaitFor);
    }

    public bool HasDependencies { get; }

    public void Parse(ReadOnlySpan<byte> line)
    {
        var draft = _sink.Draft;
        draft.Clear();
        if (!_fields.TrySplit(line))
        {
            _sink.Report("T013", 0, "a quoted field is not closed, or text follows its closing quote");
            return;
        }

        if (_fields.Count != _columns.Length)
        {
            _sink.Report("T013", 0, $"{_fields.Count} fields, header has {_columns.Length}");
            return;
        }

        for (var i = 0; i < _columns.Length; i++)
        {
            var text = _fields.Get(line, i);
            if (_columns[i] is { } spec) Set(spec, text, i + 1);
            else if (_isX[i] && !text.IsEmpty) (draft.Extras ??= []).Add(new(_names[i], JsonText(text)));
        }

        if (draft.Problem is not null && line.SequenceEqual(Encoding.UTF8.GetBytes(string.Join(',', _names))))
            _sink.Log.Error("T013", _sink.Line, 0, "the header is repeated; files put together must keep one header");
        _sink.Complete();
    }

    private void Set(FieldSpec spec, ReadOnlySpan<byte> text, int column)
    {
        if (spec.Kind == FieldKind.Skip || (text.IsEmpty && !spec.Required)) return;
        _sink.Draft.See(spec.Field);
        switch (spec.Kind)
        {
            case FieldKind.Names:
                _sink.Draft.WaitFor = [.. Encoding.UTF8.GetString(text).Split(' ', StringSplitOptions.RemoveEmptyEntries)];
                break;
            case FieldKind.Numbers:
                SetNumbers(text, column);
                break;
            default:
                _sink.SetFromText(spec, text, column);
                break;
        }
    }

    private void SetNumbers(ReadOnlySpan<byte> text, int column)
    {
        var ids = _sink.Draft.HashIds = [];
        foreach (var part in text.Split((byte)' '))
        {
            var word = text[part];
            if (word.IsEmpty) continue;
            if (System.Buffers.Text.Utf8Parser.TryParse(word, out ulong id, out var used) && used == word.Length) ids.Add(id);
            else _sink.NotA(_numberSpec!, word, column, "a list of unsigned integers");
        }
    }

    /// <summary>A cell as JSON: itself when it is a JSON value, else a JSON string.</summary>
    private static string JsonText(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            using var parsed = JsonDocument.ParseValue(ref reader);
            if (reader.BytesConsumed == text.Length) return Encoding.UTF8.GetString(text);
        }
        catch (JsonException)
        {
            // Plain words are the usual case, not an error.
        }

        return JsonSerializer.Serialize(Encoding.UTF8.GetString(text));
    }

    internal static string Near(string missing, IEnumerable<string> candidates)
    {
        var names = candidates.ToList();
        return names.Count > 0 && Suggestion.For(missing, names) is var text && text.StartsWith("did you mean", StringComparison.Ordinal)
            ? $"; {text}"
            : "";
    }
}
