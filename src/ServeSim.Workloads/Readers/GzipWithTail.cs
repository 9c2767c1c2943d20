using System.IO.Compression;

namespace ServeSim.Workloads.Readers;

/// <summary>
/// Unpacks gzip and notices data that ends early, which the runtime's stream passes over in silence: a small member with
/// a known text is put behind the file, and comes out at the end only if the file ended where a member ends.
/// </summary>
internal sealed class GzipWithTail : ForwardStream
{
    /// <summary>Stands at the end of what a whole file unpacks to.</summary>
    public static ReadOnlySpan<byte> EndMark => "\u0003servesim: end of gzip data\u0003"u8;

    private static readonly byte[] PackedMark = Pack();

    private readonly TailedStream _packed;
    private readonly GZipStream _gzip;

    public GzipWithTail(Stream packed)
    {
        _packed = new TailedStream(packed, PackedMark);
        _gzip = new GZipStream(_packed, CompressionMode.Decompress);
    }

    /// <summary>True once the mark has gone in: what comes out from now on counts only if the mark does too.</summary>
    public bool IsNearEnd => _packed.TailStarted;

    protected override Stream Source => _gzip;

    public override int Read(Span<byte> buffer) => _gzip.Read(buffer);

    private static byte[] Pack()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(EndMark);
        return packed.ToArray();
    }
}
