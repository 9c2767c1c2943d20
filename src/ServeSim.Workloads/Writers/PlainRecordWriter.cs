using System.Globalization;
using System.Text;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Writers;

/// <summary>The two published three-column layouts: vidur (seconds) and azure (date-times).</summary>
internal sealed class PlainRecordWriter : IRecordWriter
{
    private readonly Stream _stream;
    private readonly DateTime? _start;

    public PlainRecordWriter(Stream stream, DateTime? start)
    {
        _stream = stream;
        _start = start;
        Line(start is null ? "arrived_at,num_prefill_tokens,num_decode_tokens" : "TIMESTAMP,ContextTokens,GeneratedTokens");
    }

    public void Write(TraceRecord record)
    {
        if (record.Arrival is not { } arrival)
            throw new InputException($"record {record.RequestId} has no arrival of its own, which this layout cannot hold; write canonical JSON lines");
        var time = _start is { } start ? Date(start, arrival.Nanoseconds) : TimeText.Of(arrival.Nanoseconds, 9);
        Line(string.Create(CultureInfo.InvariantCulture, $"{time},{record.InputTokens},{record.OutputTokens}"));
    }

    public void Finish() { }

    /// <summary>Seven decimals as published; nine where a time is not a multiple of 100 ns.</summary>
    private static string Date(DateTime start, long nanoseconds)
    {
        var text = start.AddTicks(nanoseconds / 100).ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture);
        return nanoseconds % 100 == 0 ? text : text + (nanoseconds % 100).ToString("D2", CultureInfo.InvariantCulture);
    }

    private void Line(string text) => _stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
}
