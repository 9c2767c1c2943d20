using System.Text.Encodings.Web;
using System.Text.Json;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Writers;

/// <summary>Canonical or Mooncake JSON lines: keys in schema order, none for a default.</summary>
internal sealed class JsonRecordWriter : IRecordWriter
{
    private const int Milliseconds = 6;

    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;
    private readonly bool _canonical;
    private readonly int _blockSize;

    public JsonRecordWriter(Stream stream, bool canonical, TraceWriteOptions options)
    {
        _stream = stream;
        _canonical = canonical;
        _blockSize = options.BlockSize;
        _json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = false });
        if (canonical) WriteHeader(options);
    }

    public void Write(TraceRecord record)
    {
        _json.WriteStartObject();
        if (_canonical || MayBeNamed(record)) Text("request_id", record.ExplicitId);
        if (record.Arrival is { } arrival) Time("timestamp", arrival.Nanoseconds);
        else if (record.WaitFor is null) throw new InputException($"record {record.RequestId} has no arrival; give an arrival process before writing it");
        _json.WriteNumber("input_length", record.InputTokens);
        _json.WriteNumber("output_length", record.OutputTokens);
        if (_canonical) Number("max_tokens", record.MaxTokens);
        if (record.HashIds is { } ids)
        {
            _json.WriteStartArray("hash_ids");
            foreach (var id in ids) _json.WriteNumberValue(id);
            _json.WriteEndArray();
        }

        if (_canonical && record.BlockSize != _blockSize) Number("block_size", record.BlockSize);
        Text("session_id", record.SessionId);
        if (_canonical) Number("turn", record.Turn);
        if (record.WaitFor is { } parents)
        {
            _json.WriteStartArray("wait_for");
            foreach (var parent in parents) _json.WriteStringValue(parent);
            _json.WriteEndArray();
        }

        if (record.Delay != SimDuration.Zero) Time("delay", record.Delay.Nanoseconds);
        if (_canonical) WriteOwnFields(record);
        _json.WriteEndObject();
        EndLine();
    }

    public void Finish() => _json.Dispose();

    /// <summary>A Mooncake line carries an id only where another line may need it.</summary>
    private static bool MayBeNamed(TraceRecord record) => record.ExplicitId is not null;

    private void WriteOwnFields(TraceRecord record)
    {
        Text("tenant_id", record.TenantId);
        Text("user_id", record.UserId);
        if (record.Priority != 0) _json.WriteNumber("priority", record.Priority);
        Text("slo_class", record.SloClass);
        Time("ttft_slo", record.TtftSlo?.Nanoseconds);
        Time("tpot_slo", record.TpotSlo?.Nanoseconds);
        Time("deadline", record.Deadline?.Nanoseconds);
        Text("model", record.Model);
        Text("adapter", record.Adapter);
        if (record.ImageTokens > 0) _json.WriteNumber("image_tokens", record.ImageTokens);
        if (record.AudioTokens > 0) _json.WriteNumber("audio_tokens", record.AudioTokens);
        if (record.VideoTokens > 0) _json.WriteNumber("video_tokens", record.VideoTokens);
        if (record.NumImages > 0) _json.WriteNumber("num_images", record.NumImages);
        if (record.ReasoningTokens > 0) _json.WriteNumber("reasoning_length", record.ReasoningTokens);
        Text("type", record.Type);
        foreach (var (key, value) in record.Extras ?? [])
        {
            _json.WritePropertyName(key);
            _json.WriteRawValue(value);
        }
    }

    private void WriteHeader(TraceWriteOptions options)
    {
        _json.WriteStartObject();
        _json.WriteString("trace", "trace-1");
        _json.WriteNumber("block_size", options.BlockSize);
        Text("source", options.Source);
        if (options.Seed is { } seed) _json.WriteNumber("seed", seed);
        _json.WriteEndObject();
        EndLine();
    }

    private void EndLine()
    {
        _json.Flush();
        _stream.WriteByte((byte)'\n');
        _json.Reset();
    }

    private void Text(string key, string? value)
    {
        if (value is not null) _json.WriteString(key, value);
    }

    private void Number(string key, int? value)
    {
        if (value is not null) _json.WriteNumber(key, value.Value);
    }

    private void Time(string key, long? nanoseconds)
    {
        if (nanoseconds is null) return;
        _json.WritePropertyName(key);
        _json.WriteRawValue(TimeText.Of(nanoseconds.Value, Milliseconds), skipInputValidation: true);
    }
}
