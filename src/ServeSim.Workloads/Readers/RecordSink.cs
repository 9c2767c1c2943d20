using System.Text;

namespace ServeSim.Workloads.Readers;

/// <summary>What both line parsers share: checking single values, and telling a bad value from a bad file.</summary>
internal sealed class RecordSink(ProblemLog log, TraceReadOptions options)
{
    private readonly TextPool _pool = new();
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);

    public ProblemLog Log => log;

    public TraceReadOptions Options => options;

    public RecordDraft Draft { get; } = new();

    /// <summary>Line of the record being read.</summary>
    public long Line { get; set; }

    /// <summary>Called with a complete draft for each record of a line.</summary>
    public Action Complete { get; set; } = () => { };

    /// <summary>A bad value: an error, or under <c>Lenient</c> a dropped record for the kinds that allow it.</summary>
    public void Report(string code, int column, string what)
    {
        Draft.Problem ??= code;
        var mayDrop = code is "T020" or "T021" or "T022" or "T023" or "T024" or "T050";
        if (options.Lenient && mayDrop) log.WarnOnce("drop " + code, "W" + code[1..], Line, column, what + "; the record is dropped");
        else log.Error(code, Line, column, what);
    }

    /// <summary>Names an unknown column or key once.</summary>
    public void Unknown(string name, string noun, int column, string hint)
    {
        if (!options.Strict)
        {
            log.WarnOnce("unknown " + name, "W160", Line, column, $"unknown {noun} \"{name}\" is not used; {hint}");
            return;
        }

        Draft.Problem ??= "T060";
        if (_unknown.Add(name)) log.Error("T060", Line, column, $"unknown {noun} \"{name}\"; {hint}");
    }

    /// <summary>Reads a number, date or text that stands in <paramref name="text"/>.</summary>
    public void SetFromText(FieldSpec spec, ReadOnlySpan<byte> text, int column)
    {
        switch (spec.Kind)
        {
            case FieldKind.Integer:
            {
                var verdict = NumberText.ParseInteger(text, out var value);
                if (verdict == NumberVerdict.NotANumber) NotA(spec, text, column, "an integer");
                else if (verdict == NumberVerdict.OutOfRange || value > spec.Max) OutOfRange(spec, text, column, $"is above {spec.Max}");
                else if (value < spec.Min) OutOfRange(spec, text, column, $"is below {Math.Max(spec.Min, spec.Field is TraceField.Input or TraceField.Output ? 1 : spec.Min)}");
                else Draft.SetNumber(spec.Field, value);
                break;
            }

            case FieldKind.Time:
            {
                var verdict = NumberText.ParseTime(text, spec.Unit, out var value);
                if (verdict == NumberVerdict.NotANumber) NotA(spec, text, column, "a number");
                else if (verdict == NumberVerdict.OutOfRange) OutOfRange(spec, text, column, "is beyond 292 years");
                else if (value < spec.Min) OutOfRange(spec, text, column, spec.Min == 0 ? "is below 0" : "is not above 0");
                else Draft.SetNumber(spec.Field, value);
                break;
            }

            case FieldKind.DateTime:
                if (DateText.TryParse(text, out var date)) Draft.SetNumber(spec.Field, date);
                else Report("T022", column, $"{spec.Name}: {Quote(text)} is not a date-time; expected 2023-11-16 18:15:46.68 or 2024-10-15T12:00:00.269Z");
                break;

            case FieldKind.Text:
                SetText(spec, spec.Field == TraceField.RequestId ? Encoding.UTF8.GetString(text) : _pool.Get(text), text.Length, column);
                break;

            default:
                throw new InvalidOperationException($"{spec.Kind} is not read from plain text");
        }
    }

    /// <summary>Takes over a text; request ids are short and printable.</summary>
    public void SetText(FieldSpec spec, string value, int utf8Bytes, int column)
    {
        if (spec.Field == TraceField.RequestId && (utf8Bytes is 0 or > 128 || value.AsSpan().ContainsAnyInRange('\0', '\x1F')))
            Report("T021", column, $"{spec.Name}: {(utf8Bytes > 128 ? $"{utf8Bytes} bytes" : "empty or with control characters")}; an id has 1 to 128 printable bytes");
        else
            Draft.SetText(spec.Field, value);
    }

    public void NotA(FieldSpec spec, ReadOnlySpan<byte> text, int column, string what) =>
        Report("T020", column, $"{spec.Name}: {Quote(text)} is not {what}");

    private void OutOfRange(FieldSpec spec, ReadOnlySpan<byte> text, int column, string what) =>
        Report("T021", column, $"{spec.Name}: {Shorten(text)} {what}");

    /// <summary>Text as found, in quotes and cut to a length that fits a message.</summary>
    public static string Quote(ReadOnlySpan<byte> text) => $"\"{Shorten(text)}\"";

    private static string Shorten(ReadOnlySpan<byte> text)
    {
        var shown = Encoding.UTF8.GetString(text.Length > 60 ? text[..60] : text);
        return text.Length > 60 ? shown + "…" : shown;
    }
}
