namespace ServeSim.Workloads.Readers;

/// <summary>A stream that is only read, from front to back, and owns what it reads from.</summary>
internal abstract class ForwardStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("a forward stream has no length");

    public override long Position
    {
        get => throw new NotSupportedException("a forward stream has no position");
        set => throw new NotSupportedException("a forward stream has no position");
    }

    /// <summary>What is disposed with this stream.</summary>
    protected abstract Stream Source { get; }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("a forward stream cannot seek");

    public override void SetLength(long value) => throw new NotSupportedException("a forward stream cannot be written");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a forward stream cannot be written");

    protected override void Dispose(bool disposing)
    {
        if (disposing) Source.Dispose();
        base.Dispose(disposing);
    }
}
