using System.Diagnostics;
using System.Text;
using ServeSim.Workloads;
using Xunit.Abstractions;

namespace ServeSim.Tests.Workloads;

[Collection(AloneCollection.Name)]
public sealed class BoundedMemoryTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\r\n", "2023-11-16 18:15:46.6805900,374,44\r\n", "azure")]
    [InlineData("arrived_at,num_prefill_tokens,num_decode_tokens\n", "12.345678,374,44\n", "vidur")]
    [InlineData("{\"timestamp\":0,\"input_length\":6,\"output_length\":5,\"hash_ids\":[0]}\n", "{\"timestamp\": 12345, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]}\n", "mooncake")]
    public void A_million_records_leave_no_trace_in_memory(string head, string row, string format)
    {
        const int Rows = 1_000_000;
        using var reader = TraceFile.Open(new RepeatingStream(head, row, Rows), "rows");
        Assert.Equal(format, reader.Format);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long largest = 0, count = 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        while (reader.TryRead(out _))
        {
            if (++count % 250_000 == 0) largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        var seconds = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        output.WriteLine($"{format}: {count / seconds:F0} records/s of processor time, {count * row.Length / seconds / 1e6:F0} MB/s, {(GC.GetAllocatedBytesForCurrentThread() - allocated) / count} B allocated per record, {largest} B live");
        Assert.InRange(count, Rows, Rows + 1);
        Assert.InRange(largest, long.MinValue, 4_000_000);
    }

    /// <summary>One line again and again, made as it is read.</summary>
    private sealed class RepeatingStream(string head, string row, int rows) : Stream
    {
        private readonly byte[] _row = Encoding.UTF8.GetBytes(row);
        private ReadOnlyMemory<byte> _rest = Encoding.UTF8.GetBytes(head);
        private int _left = rows;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var written = 0;
            while (written < buffer.Length)
            {
                if (_rest.IsEmpty)
                {
                    if (_left-- <= 0) break;
                    _rest = _row;
                }

                var part = _rest[..Math.Min(_rest.Length, buffer.Length - written)];
                part.Span.CopyTo(buffer[written..]);
                written += part.Length;
                _rest = _rest[part.Length..];
            }

            return written;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
