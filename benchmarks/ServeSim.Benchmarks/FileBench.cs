using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using ServeSim.Reporting.Writers;
using ServeSim.Workloads;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one record read or one row of requests.csv written.</summary>
public class FileBench
{
    private const int Records = 10_000;
    private readonly Dictionary<TraceWriteFormat, byte[]> _files = [];
    private readonly RequestsCsvWriter _rows = new(Stream.Null);
    private byte[] _packed = [];
    private long _number;

    [GlobalSetup]
    public void Make()
    {
        foreach (var format in (TraceWriteFormat[])[TraceWriteFormat.Azure, TraceWriteFormat.Csv, TraceWriteFormat.Jsonl])
        {
            var made = new MemoryStream();
            using (var writer = TraceWriter.To(made, format))
            {
                var number = 0;
                foreach (var request in Fixtures.Chat(Records, 5))
                    writer.Write(new TraceRecord { Number = ++number, Arrival = request.Arrival, InputTokens = request.InputTokens, OutputTokens = request.OutputTokens });
                writer.Complete();
            }

            _files[format] = made.ToArray();
        }

        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(_files[TraceWriteFormat.Azure]);
        _packed = packed.ToArray();
    }

    [Benchmark(OperationsPerInvoke = Records, Description = "azure record")]
    public int Azure() => Read(_files[TraceWriteFormat.Azure]);

    [Benchmark(OperationsPerInvoke = Records, Description = "azure record, gzip")]
    public int Packed() => Read(_packed);

    [Benchmark(OperationsPerInvoke = Records, Description = "canonical CSV record")]
    public int Csv() => Read(_files[TraceWriteFormat.Csv]);

    [Benchmark(OperationsPerInvoke = Records, Description = "canonical JSON record")]
    public int Json() => Read(_files[TraceWriteFormat.Jsonl]);

    [Benchmark(Description = "requests.csv row")]
    public void Row() => _rows.OnRequestEnded(Fixtures.Ended(_number++, 100_000_000_000));

    private static int Read(byte[] file)
    {
        using var trace = TraceFile.Open(new MemoryStream(file), "trace");
        var count = 0;
        while (trace.TryRead(out _)) count++;
        return count;
    }
}
