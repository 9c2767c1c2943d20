using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace ServeSim.Workloads.Readers;

/// <summary>
/// Lines of a byte stream as spans into one buffer that grows only to the longest line. Unpacks gzip by its magic bytes,
/// skips a UTF-8 byte order mark, and refuses what is not UTF-8 text.
/// </summary>
internal sealed class ByteLines : IDisposable
{
    public const int MaxLineBytes = 16 * 1024 * 1024;
    private const int FirstBufferBytes = 128 * 1024;
    private const int ReadBytes = 4096;    // a gzip stream hands out small pieces; asking for more at once saves calls

    private readonly ProblemLog _log;
    private readonly Stream _stream;
    private readonly GzipWithTail? _gzip;
    private byte[] _buffer = new byte[FirstBufferBytes];
    private int _start;
    private int _end;
    private int _scanned;
    private bool _ended;
    private bool _checkText;    // set for good by the first chunk that is not plain ASCII

    public ByteLines(Stream stream, ProblemLog log)
    {
        _log = log;
        var head = new byte[2];
        var count = stream.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsMemory(0, count), stream);
        IsGzip = count == 2 && head[0] == 0x1F && head[1] == 0x8B;
        _gzip = IsGzip ? new GzipWithTail(whole) : null;
        _stream = _gzip ?? (Stream)whole;
        Fill();
        if (_end >= 2 && _buffer[0] is 0xFE or 0xFF && _buffer[0] + _buffer[1] == 0x1FD)
            _log.Fatal("T002", 1, 0, "not UTF-8 text (UTF-16 byte order mark); save the file as UTF-8");
        if (_end >= 262 && _buffer.AsSpan(257, 5).SequenceEqual("ustar"u8))
            _log.Fatal("T010", 1, 0, "this is a tar archive, not a request trace; unpack it (servegen archives are input of a generator, not request traces)");
        if (_buffer.AsSpan(0, _end).StartsWith(Encoding.UTF8.Preamble)) _start = _scanned = 3;
    }

    public bool IsGzip { get; }

    /// <summary>Records so far, told in the message about a broken archive.</summary>
    public long RecordsRead { get; set; }

    /// <summary>Number of the line handed out last, from 1.</summary>
    public long Line { get; private set; }

    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var stop = _scanned + newline;
                line = Checked(_start, stop);
                _start = _scanned = stop + 1;
                return true;
            }

            _scanned = _end;
            if (_end - _start > MaxLineBytes) _log.Fatal("T004", Line + 1, 0, $"line longer than {MaxLineBytes} bytes");
            if (_ended)
            {
                if (_start == _end) break;
                line = Checked(_start, _end);
                _start = _end;
                return true;
            }

            Fill();
        }

        line = default;
        return false;
    }

    public void Dispose() => _stream.Dispose();

    private ReadOnlySpan<byte> Checked(int start, int stop)
    {
        Line++;
        if (stop - start > MaxLineBytes) _log.Fatal("T004", Line, 0, $"line longer than {MaxLineBytes} bytes");
        if (stop > start && _buffer[stop - 1] == '\r') stop--;
        var line = _buffer.AsSpan(start, stop - start);
        if (_checkText)
        {
            var zero = line.IndexOf((byte)0);
            if (zero >= 0) _log.Fatal("T002", Line, zero + 1, "not UTF-8 text (NUL byte)");
            if (!Utf8.IsValid(line)) _log.Fatal("T002", Line, 0, "not UTF-8 text (invalid bytes)");
        }

        return line;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }

        try
        {
            Append();

            // The last piece of a gzip file is trusted only together with the mark behind it.
            while (_gzip is { IsNearEnd: true } && !_ended) Append();
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException)
        {
            RefuseGzip();
        }

        if (_gzip is null || !_ended) return;
        if (!_buffer.AsSpan(0, _end).EndsWith(GzipWithTail.EndMark)) RefuseGzip();
        _end -= GzipWithTail.EndMark.Length;
    }

    private void Append()
    {
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var free = _buffer.AsSpan(_end);
        var wanted = Math.Min(free.Length, ReadBytes);
        var count = _stream.ReadAtLeast(free, wanted, throwOnEndOfStream: false);
        _ended = count < wanted;
        var chunk = free[..count];
        _checkText |= !Ascii.IsValid(chunk) || chunk.Contains((byte)0);
        _end += count;
    }

    [DoesNotReturn]
    private void RefuseGzip() => _log.Fatal("T003", Line + 1, 0, $"gzip data is broken or ends early after {RecordsRead} records");
}
