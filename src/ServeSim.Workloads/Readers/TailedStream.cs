namespace ServeSim.Workloads.Readers;

/// <summary>A stream with bytes put behind it.</summary>
internal sealed class TailedStream(Stream stream, ReadOnlyMemory<byte> tail) : Stream
{
    private ReadOnlyMemory<byte> _tail = tail;

    /// <summary>The stream itself has ended.</summary>
    public bool TailStarted { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (!TailStarted && !buffer.IsEmpty)
        {
            var read = stream.Read(buffer);
            if (read > 0) return read;
            TailStarted = true;
        }

        var count = Math.Min(buffer.Length, _tail.Length);
        _tail.Span[..count].CopyTo(buffer);
        _tail = _tail[count..];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) stream.Dispose();
        base.Dispose(disposing);
    }
}
