namespace ServeSim.Workloads.Readers;

/// <summary>
/// Splits one line into fields that stay byte spans. Not a CSV library, because CSV and JSON traces come through the
/// same <see cref="ByteLines"/>: one place for the line limit, the text check and broken archives, and a bad row costs
/// only its own line. Quoted fields may hold commas and doubled quotes, but no line breaks: a trace is one record per line.
/// </summary>
internal sealed class CsvFields
{
    private int[] _starts = new int[16];
    private int[] _stops = new int[16];
    private byte[] _unquoted = [];
    private bool _isUnquoted;

    public int Count { get; private set; }

    /// <summary>False when a quote is not closed or text follows a closing quote.</summary>
    public bool TrySplit(ReadOnlySpan<byte> line)
    {
        Count = 0;
        _isUnquoted = line.Contains((byte)'"');
        if (_isUnquoted) return TrySplitQuoted(line);
        var start = 0;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != ',') continue;
            Add(start, i);
            start = i + 1;
        }

        Add(start, line.Length);
        return true;
    }

    /// <summary>A field of the line that was split last.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> line, int index) =>
        (_isUnquoted ? _unquoted : line)[_starts[index].._stops[index]];

    private bool TrySplitQuoted(ReadOnlySpan<byte> line)
    {
        if (_unquoted.Length < line.Length) _unquoted = new byte[Math.Max(line.Length, 256)];
        int at = 0, i = 0;
        while (true)
        {
            var start = at;
            if (i < line.Length && line[i] == '"')
            {
                i++;
                while (true)
                {
                    if (i >= line.Length) return false;
                    if (line[i] == '"')
                    {
                        if (i + 1 >= line.Length || line[i + 1] != '"') break;
                        i++;
                    }

                    _unquoted[at++] = line[i++];
                }

                i++;
                if (i < line.Length && line[i] != ',') return false;
            }
            else
            {
                while (i < line.Length && line[i] != ',') _unquoted[at++] = line[i++];
            }

            Add(start, at);
            if (i >= line.Length) return true;
            i++;
        }
    }

    private void Add(int start, int stop)
    {
        if (Count == _starts.Length)
        {
            Array.Resize(ref _starts, Count * 2);
            Array.Resize(ref _stops, Count * 2);
        }

        _starts[Count] = start;
        _stops[Count++] = stop;
    }
}
