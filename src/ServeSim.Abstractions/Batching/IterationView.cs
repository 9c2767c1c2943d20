namespace ServeSim.Abstractions;

/// <summary>An iteration that has just ended, as its policy learns of it.</summary>
public readonly ref struct IterationView
{
    private readonly RequestTable _table;

    internal IterationView(SimTime start, SimTime end, int decodeSequences, ReadOnlySpan<BatchEntry> entries, RequestTable table)
    {
        Start = start;
        End = end;
        DecodeSequences = decodeSequences;
        Entries = entries;
        _table = table;
    }

    /// <summary>When it started.</summary>
    public SimTime Start { get; }

    /// <summary>When it ended: now.</summary>
    public SimTime End { get; }

    /// <summary>How long it took.</summary>
    public SimDuration Duration => End - Start;

    /// <summary>Requests that it decoded a token for.</summary>
    public int DecodeSequences { get; }

    /// <summary>Its members in the order in which they were planned.</summary>
    public ReadOnlySpan<BatchEntry> Entries { get; }

    /// <summary>The request of an entry; false if this was its last iteration.</summary>
    public bool TryGetRequest(in BatchEntry entry, out RequestView request)
    {
        request = new RequestView(_table, entry.Row);
        return request.Number == entry.Number && request.State is not (RequestState.None or RequestState.Finished or RequestState.Aborted);
    }
}

/// <summary>One member of a batch.</summary>
/// <param name="Row">Row of the request.</param>
/// <param name="Number">Number of the request.</param>
/// <param name="Tokens">Tokens computed: the chunk, or 1 for a decode.</param>
/// <param name="IsDecode">True for a decode.</param>
public readonly record struct BatchEntry(int Row, long Number, int Tokens, bool IsDecode)
{
    internal int FirstSublayer { get; init; }

    internal int EndSublayer { get; init; }    // 0: all layers
}
