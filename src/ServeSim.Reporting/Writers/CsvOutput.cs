using System.Buffers.Text;
using System.Text;

namespace ServeSim.Reporting.Writers;

/// <summary>Comma-separated UTF-8 rows straight into a byte buffer: LF, no byte-order mark, no string per cell.</summary>
internal sealed class CsvOutput(Stream stream)
{
    private const int FlushAt = 1 << 16;
    private const int LongestNumber = 32;
    private byte[] _buffer = new byte[2 * FlushAt];
    private int _used;

    public void Line(ReadOnlySpan<byte> text)
    {
        Literal(text);
        EndRow();
    }

    public void Literal(ReadOnlySpan<byte> cell)
    {
        Reserve(cell.Length + 1);
        cell.CopyTo(_buffer.AsSpan(_used));
        _used += cell.Length;
        EndCell();
    }

    public void Empty()
    {
        Reserve(1);
        EndCell();
    }

    public void Number(long value)
    {
        Reserve(LongestNumber);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_used), out var written);
        _used += written;
        EndCell();
    }

    /// <summary>Seconds with nine decimals, exact.</summary>
    public void Seconds(long nanoseconds)
    {
        Reserve(LongestNumber);
        if (nanoseconds < 0) _buffer[_used++] = (byte)'-';
        var (seconds, rest) = Math.DivRem((ulong)Math.Abs(nanoseconds), 1_000_000_000ul);
        Utf8Formatter.TryFormat(seconds, _buffer.AsSpan(_used), out var written);
        _used += written;
        _buffer[_used++] = (byte)'.';
        var digits = (uint)rest;
        for (var i = 8; i >= 0; i--)
        {
            var next = digits / 10;
            _buffer[_used + i] = (byte)('0' + (digits - (10 * next)));
            digits = next;
        }

        _used += 9;
        EndCell();
    }

    /// <summary>Text, in quotes where a comma, a quote or a line end asks for them.</summary>
    public void Text(string text)
    {
        if (text.AsSpan().ContainsAny(',', '"', '\n') || text.Contains('\r', StringComparison.Ordinal))
            text = $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length) + 1);
        _used += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_used));
        EndCell();
    }

    /// <summary>A name made of a letter and a number.</summary>
    public void Text(byte letter, long number)
    {
        Reserve(LongestNumber);
        _buffer[_used++] = letter;
        Number(number);
    }

    public void EndRow()
    {
        _buffer[_used - 1] = (byte)'\n';
        if (_used >= FlushAt) Flush();
    }

    /// <summary>Hands complete rows to the stream.</summary>
    public void Flush()
    {
        stream.Write(_buffer, 0, _used);
        _used = 0;
    }

    private void EndCell() => _buffer[_used++] = (byte)',';

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _used < bytes) Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _used + bytes));
    }
}
