using System.IO.Compression;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Workloads;

namespace ServeSim.Tests.Workloads;

/// <summary>Traces written down in tests.</summary>
internal static class TraceText
{
    public static List<TraceRecord> Read(string text, TraceReadOptions? options = null) => Read(Encoding.UTF8.GetBytes(text), options);

    public static List<TraceRecord> Read(byte[] bytes, TraceReadOptions? options = null)
    {
        using var reader = TraceFile.Open(new MemoryStream(bytes), "t.csv", options);
        return All(reader);
    }

    public static TracePipeline Pipeline(string text, TraceOptions options) =>
        TracePipeline.Open(() => new MemoryStream(Encoding.UTF8.GetBytes(text)), "t.csv", options);

    public static List<TraceRecord> Transformed(string text, TraceOptions options)
    {
        using var pipeline = Pipeline(text, options);
        return All(pipeline);
    }

    public static List<TraceRecord> All(ITraceSource source)
    {
        var records = new List<TraceRecord>();
        while (source.TryRead(out var record)) records.Add(record);
        Assert.Equal(source.Counts.Read, source.Counts.Emitted + source.Counts.DroppedTotal);
        Assert.Equal(records.Count, source.Counts.Emitted);
        return records;
    }

    public static InputException Refused(Action action) => Assert.Throws<InputException>(action);

    public static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }

    public static string Written(IEnumerable<TraceRecord> records, TraceWriteFormat format, TraceWriteOptions? options = null)
    {
        var stream = new MemoryStream();
        using (var writer = TraceWriter.To(stream, format, options))
        {
            foreach (var record in records) writer.Write(record);
            writer.Complete();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
