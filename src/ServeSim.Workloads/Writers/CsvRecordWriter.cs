using System.Globalization;
using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Writers;

/// <summary>
/// Canonical CSV. A header must come first, so records are held until the columns are known: a short trace gets the
/// columns it uses, one longer than <see cref="MaxHeld"/> gets every canonical column.
/// </summary>
internal sealed class CsvRecordWriter(Stream stream, TraceWriteOptions options) : IRecordWriter
{
    public const int MaxHeld = 10_000;
    private const int Seconds = 9;

    private static readonly (string Name, bool Always, Func<TraceRecord, string?> Value)[] Columns =
    [
        ("request_id", false, record => record.ExplicitId),
        ("arrived_at", true, record => Time(record.Arrival?.Nanoseconds)),
        ("num_prefill_tokens", true, record => Number(record.InputTokens)),
        ("num_decode_tokens", true, record => Number(record.OutputTokens)),
        ("max_tokens", false, record => Number(record.MaxTokens)),
        ("hash_ids", false, record => record.HashIds is { } ids ? string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture))) : null),
        ("block_size", false, record => Number(record.BlockSize)),
        ("session_id", false, record => record.SessionId),
        ("turn", false, record => Number(record.Turn)),
        ("wait_for", false, record => record.WaitFor is { } parents ? string.Join(' ', parents) : null),
        ("delay_s", false, record => record.Delay == SimDuration.Zero ? null : Time(record.Delay.Nanoseconds)),
        ("tenant_id", false, record => record.TenantId),
        ("user_id", false, record => record.UserId),
        ("priority", false, record => NotZero(record.Priority)),
        ("slo_class", false, record => record.SloClass),
        ("ttft_slo_s", false, record => Time(record.TtftSlo?.Nanoseconds)),
        ("tpot_slo_s", false, record => Time(record.TpotSlo?.Nanoseconds)),
        ("deadline_s", false, record => Time(record.Deadline?.Nanoseconds)),
        ("model", false, record => record.Model),
        ("adapter", false, record => record.Adapter),
        ("image_tokens", false, record => NotZero(record.ImageTokens)),
        ("audio_tokens", false, record => NotZero(record.AudioTokens)),
        ("video_tokens", false, record => NotZero(record.VideoTokens)),
        ("num_images", false, record => NotZero(record.NumImages)),
        ("reasoning_length", false, record => NotZero(record.ReasoningTokens)),
        ("type", false, record => record.Type),
    ];

    private readonly List<TraceRecord> _held = [];
    private readonly List<string> _extras = [];
    private readonly StringBuilder _line = new();
    private bool[]? _used;

    public void Write(TraceRecord record)
    {
        if (_used is not null)
        {
            WriteRow(record);
            return;
        }

        _held.Add(record);
        if (_held.Count > MaxHeld) Release(everyColumn: true);
    }

    public void Finish()
    {
        if (_used is null) Release(everyColumn: false);
    }

    private void Release(bool everyColumn)
    {
        _used = [.. Columns.Select(column => everyColumn || column.Always || _held.Exists(record => column.Value(record) is not null))];
        foreach (var (key, _) in _held.SelectMany(record => record.Extras ?? []))
        {
            if (!_extras.Contains(key)) _extras.Add(key);
        }

        _line.Append("# trace: trace-1\n");
        _line.Append(CultureInfo.InvariantCulture, $"# block_size: {options.BlockSize}\n");
        if (options.Source is { } source) _line.Append(CultureInfo.InvariantCulture, $"# source: {source.ReplaceLineEndings(" ")}\n");
        if (options.Seed is { } seed) _line.Append(CultureInfo.InvariantCulture, $"# seed: {seed}\n");
        _line.AppendJoin(',', Columns.Where((_, i) => _used[i]).Select(column => column.Name).Concat(_extras.Select(Quoted)));
        EndLine();
        foreach (var record in _held) WriteRow(record);
        _held.Clear();
    }

    private void WriteRow(TraceRecord record)
    {
        if (record is { Arrival: null, WaitFor: null })
            throw new InputException($"record {record.RequestId} has no arrival; give an arrival process before writing it");
        if (record.WaitFor?.FirstOrDefault(id => id.Contains(' ', StringComparison.Ordinal)) is { } spaced)
            throw new InputException($"record {record.RequestId} waits for \"{spaced}\"; ids with blanks cannot be listed in CSV, write JSON lines");

        var first = true;
        for (var i = 0; i < Columns.Length; i++)
        {
            if (!_used![i]) continue;
            if (!first) _line.Append(',');
            first = false;
            if (Columns[i].Value(record) is { } text) _line.Append(Quoted(text));
        }

        var found = 0;
        foreach (var key in _extras)
        {
            _line.Append(',');
            foreach (var (name, value) in record.Extras ?? [])
            {
                if (name != key) continue;
                _line.Append(Quoted(Cell(value)));
                found++;
            }
        }

        if (found < (record.Extras?.Count ?? 0))
            throw new InputException($"record {record.RequestId} has x_ keys that the first {MaxHeld} records do not have; write JSON lines");
        EndLine();
    }

    private void EndLine()
    {
        _line.Append('\n');
        foreach (var chunk in _line.GetChunks()) stream.Write(Encoding.UTF8.GetBytes(chunk.ToArray()));
        _line.Clear();
    }

    /// <summary>A JSON string stands without its quotes, unless its text would then read as another JSON value.</summary>
    private static string Cell(string json)
    {
        if (json[0] != '"') return json;
        var text = JsonSerializer.Deserialize<string>(json)!;
        if (text.Length == 0 || text.AsSpan().IndexOfAny('\n', '\r') >= 0 || JsonSerializer.Serialize(text) != json) return json;
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return json;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static string Quoted(string text)
    {
        if (text.AsSpan().IndexOfAny('\n', '\r') >= 0) throw new InputException($"the text \"{text.ReplaceLineEndings("\\n")}\" has a line break, which CSV traces cannot hold; write JSON lines");
        return text.AsSpan().IndexOfAny(',', '"') >= 0 || text.StartsWith('#') ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static string? Time(long? nanoseconds) => nanoseconds is { } time ? TimeText.Of(time, Seconds) : null;

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? NotZero(int value) => value == 0 ? null : value.ToString(CultureInfo.InvariantCulture);
}
