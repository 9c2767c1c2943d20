namespace ServeSim.Benchmarks;

/// <summary>Takes the place of an output file: nothing is stored, but the bytes are counted and told apart.</summary>
internal sealed class HashingSink : Stream
{
    private ulong _hash = 14_695_981_039_346_656_037;

    public ulong Hash => _hash;
    public long Bytes { get; private set; }

    /// <summary>Largest managed heap seen, garbage included; looked at once for each buffer written.</summary>
    public long PeakHeapBytes { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => Bytes;
    public override long Position { get => Bytes; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        PeakHeapBytes = Math.Max(PeakHeapBytes, GC.GetTotalMemory(forceFullCollection: false));
        Bytes += buffer.Length;
        unchecked
        {
            foreach (var value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(buffer)) _hash = (_hash ^ value) * 1_099_511_628_211;
            foreach (var value in buffer[(buffer.Length & ~7)..]) _hash = (_hash ^ value) * 1_099_511_628_211;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
