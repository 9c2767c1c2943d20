using System.Globalization;
using System.Text.Json;

namespace ServeSim.Workloads.Readers;

/// <summary>
/// Records nested in a line: a batch that arrives together (aibrix), or a chain in which each waits for the one
/// before and its tool (toks).
/// </summary>
internal sealed class SubRecordParser(RecordSink sink, Layout layout, JsonRecordParser parent)
{
    public void Parse(ReadOnlyMemory<byte> list, int offset)
    {
        var draft = sink.Draft;
        if (draft.Problem is not null) return;
        var (arrival, session, model, chain) = (draft.Arrival, draft.Session ?? draft.Id, draft.Model, layout == Layouts.Toks);
        var line = list.Span;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 64 });
        reader.Read();
        var name = session ?? $"s{sink.Line.ToString(CultureInfo.InvariantCulture)}";
        string? previous = null;
        long pause = 0;
        var position = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            draft.Clear();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                sink.Report("T014", (int)reader.TokenStartIndex + 1 + offset, "not an object");
                return;
            }

            parent.ReadObject(ref reader, line, offset);
            position++;
            draft.Model ??= model;
            if (chain)
            {
                draft.Id = string.Create(CultureInfo.InvariantCulture, $"{name}/{position}");
                draft.Session = name;
                draft.Turn = position;
                draft.WaitFor = previous is null ? null : [previous];
                draft.Delay = previous is null ? null : pause;
                pause = draft.ToolWait ?? 0;
                draft.ToolWait = null;
                previous = draft.Id;
            }

            if (previous is null || position == 1) draft.Arrival = arrival;
            if (!draft.Has(TraceField.Input)) sink.Report("T011", 0, $"missing key {(chain ? "input_toks" : "prompt_length")} in element {position}");
            else if (!draft.Has(TraceField.Output)) sink.Report("T011", 0, $"missing key {(chain ? "output_toks" : "output_length")} in element {position}");
            sink.Complete();
        }
    }
}
