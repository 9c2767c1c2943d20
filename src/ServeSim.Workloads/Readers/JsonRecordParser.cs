using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Reads one JSON object per line into records of a JSON layout.</summary>
internal sealed class JsonRecordParser(RecordSink sink, Layout layout)
{
    private const int MaxDepth = 64;
    private static readonly TraceField[] TokenCounts = [TraceField.Input, TraceField.Output];    // of toks: required unless they are nested
    private readonly int[] _guess = new int[64];    // the key that stood at this place in the last line, to save comparisons

    public void Parse(ReadOnlySpan<byte> line)
    {
        sink.Draft.Clear();
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                sink.Report("T014", 1, "not an object; JSON traces have one object per line");
                return;
            }

            var (subRecords, offset) = ReadObject(ref reader, line, 0);
            if (reader.Read()) sink.Report("T014", (int)reader.TokenStartIndex + 1, "invalid JSON: text after the object");
            else if (subRecords.IsEmpty) Complete();
            else new SubRecordParser(sink, layout, this).Parse(subRecords, offset);
        }
        catch (JsonException broken)
        {
            sink.Report("T014", (int)(broken.BytePositionInLine ?? 0) + 1, $"invalid JSON: {Reason(line, broken)}");
        }
    }

    /// <summary>Reads the fields of one object into the draft; returns the nested records it holds, unread.</summary>
    internal (ReadOnlyMemory<byte> Nested, int Offset) ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, int offset)
    {
        (ReadOnlyMemory<byte>, int) nested = default;
        var position = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var spec = Find(ref reader, position++);
            var keyColumn = (int)reader.TokenStartIndex + 1 + offset;
            if (spec is null)
            {
                ReadUnknown(ref reader, line, keyColumn);
                continue;
            }

            if (!sink.Draft.See(spec.Field)) sink.Report("T012", keyColumn, $"duplicate key {spec.Name}");
            if (!reader.Read()) break;
            if (spec.Kind == FieldKind.Nested && reader.TokenType != JsonTokenType.Null) nested = ReadNested(ref reader, line, offset, spec);
            else ReadValue(ref reader, line, spec, (int)reader.TokenStartIndex + 1 + offset);
        }

        return nested;
    }

    /// <summary>Checks that nothing required is missing and hands the draft on.</summary>
    internal void Complete()
    {
        foreach (var spec in layout.Fields)
        {
            if (!spec.Required || spec.Kind == FieldKind.Nested || sink.Draft.Has(spec.Field)) continue;
            var hint = spec.Field is TraceField.Input or TraceField.Output && layout == Layouts.Mooncake
                ? "; texts without token counts cannot be simulated, give input_length and output_length" : "";
            sink.Report("T011", 0, $"missing key {spec.Name}{hint}");
        }

        foreach (var field in layout == Layouts.Toks ? TokenCounts : [])
        {
            if (!sink.Draft.Has(field)) sink.Report("T011", 0, $"missing key {(field == TraceField.Input ? "input_toks" : "output_toks")}");
        }

        sink.Complete();
    }

    private FieldSpec? Find(ref Utf8JsonReader reader, int position)
    {
        var fields = layout.Fields;
        if (position < _guess.Length)
        {
            var guess = _guess[position];
            if (guess < fields.Length && reader.ValueTextEquals(fields[guess].Utf8Name)) return fields[guess];
        }

        for (var i = 0; i < fields.Length; i++)
        {
            if (!reader.ValueTextEquals(fields[i].Utf8Name)) continue;
            if (position < _guess.Length) _guess[position] = i;
            return fields[i];
        }

        return null;
    }

    private void ReadUnknown(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, int column)
    {
        var name = reader.GetString()!;
        if (!name.StartsWith("x_", StringComparison.Ordinal))
        {
            sink.Unknown(name, "key", column, Suggestion.For(name, layout.Fields.Select(field => field.Name)));
            reader.Read();
            reader.Skip();
            return;
        }

        if (!reader.Read()) return;
        AddExtra(ref reader, line, name);
    }

    private void AddExtra(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, string name)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        (sink.Draft.Extras ??= []).Add(new(name, Encoding.UTF8.GetString(line[start..(int)reader.BytesConsumed])));
    }

    private (ReadOnlyMemory<byte> Nested, int Offset) ReadNested(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, int offset, FieldSpec spec)
    {
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            sink.Report("T020", start + 1 + offset, $"{spec.Name}: not a list of objects");
            reader.Skip();
            return default;
        }

        reader.Skip();
        return (line[start..(int)reader.BytesConsumed].ToArray(), start);
    }

    private void ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, FieldSpec spec, int column)
    {
        if (reader.TokenType == JsonTokenType.Null && !spec.Required) return;
        switch (spec.Kind)
        {
            case FieldKind.Skip:
                reader.Skip();
                break;
            case FieldKind.Raw:
                AddExtra(ref reader, line, "x_" + spec.Name);
                break;
            case FieldKind.Numbers:
                ReadNumbers(ref reader, spec, column);
                break;
            case FieldKind.Names:
                ReadNames(ref reader, spec, column);
                break;
            case FieldKind.Text when reader.TokenType == JsonTokenType.String:
                if (reader.ValueIsEscaped) SetEscaped(ref reader, spec, column);
                else sink.SetFromText(spec, reader.ValueSpan, column);
                break;
            case FieldKind.Text or FieldKind.Integer or FieldKind.Time when reader.TokenType == JsonTokenType.Number:
                sink.SetFromText(spec, reader.ValueSpan, column);
                break;
            default:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                var what = spec.Kind switch { FieldKind.Integer => "an integer", FieldKind.Time => "a number", _ => "a text" };
                sink.Report("T020", column, $"{spec.Name}: {Shown(line[start..(int)reader.BytesConsumed])} is not {what}");
                break;
        }
    }

    private void SetEscaped(ref Utf8JsonReader reader, FieldSpec spec, int column)
    {
        try
        {
            var text = reader.GetString()!;
            sink.SetText(spec, text, Encoding.UTF8.GetByteCount(text), column);
        }
        catch (InvalidOperationException)
        {
            sink.Report("T020", column, $"{spec.Name}: half of a surrogate pair is not a text");
        }
    }

    private void ReadNumbers(ref Utf8JsonReader reader, FieldSpec spec, int column)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            sink.Report("T020", column, $"{spec.Name}: not a list of unsigned integers");
            return;
        }

        var ids = sink.Draft.HashIds = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var id)) ids.Add(id);
            else
            {
                sink.NotA(spec, reader.ValueSpan, (int)reader.TokenStartIndex + 1, "an unsigned integer");
                reader.Skip();
            }
        }
    }

    private void ReadNames(ref Utf8JsonReader reader, FieldSpec spec, int column)
    {
        if (reader.TokenType is JsonTokenType.String)
        {
            sink.Draft.WaitFor = [reader.GetString()!];
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            sink.Report("T020", column, $"{spec.Name}: not a list of request ids");
            return;
        }

        var names = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String) names.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.Number) names.Add(Encoding.UTF8.GetString(reader.ValueSpan));
            else
            {
                sink.NotA(spec, reader.ValueSpan, (int)reader.TokenStartIndex + 1, "a request id");
                reader.Skip();
            }
        }

        if (names.Count > 0) sink.Draft.WaitFor = names;
    }

    private static string Shown(ReadOnlySpan<byte> json) => json.Length > 0 && json[0] == '"' ? RecordSink.Quote(json.Trim((byte)'"')) : RecordSink.Quote(json);

    /// <summary>The library's message names its own classes and options; ours says what a user can see.</summary>
    internal static string Reason(ReadOnlySpan<byte> line, JsonException broken)
    {
        var at = (int)Math.Min(broken.BytePositionInLine ?? 0, line.Length);
        if (broken.Message.Contains("depth", StringComparison.Ordinal)) return $"nested deeper than {MaxDepth}";
        return at >= line.Length ? "unexpected end" : $"unexpected {RecordSink.Quote(line[at..Math.Min(line.Length, at + 12)])}";
    }
}
