namespace ServeSim.Workloads.Readers;

/// <summary>A stream with bytes put behind it.</summary>
internal sealed class TailedStream(Stream stream, ReadOnlyMemory<byte> tail) : ForwardStream
{
    private ReadOnlyMemory<byte> _tail = tail;

    /// <summary>The stream itself has ended.</summary>
    public bool TailStarted { get; private set; }

    protected override Stream Source => stream;

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
}
