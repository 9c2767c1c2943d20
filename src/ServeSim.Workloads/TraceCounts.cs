namespace ServeSim.Workloads;

/// <summary>What happened to the records of a trace; read = emitted + dropped + still held for sorting.</summary>
public sealed class TraceCounts
{
    private readonly SortedDictionary<string, long> _dropped = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _changed = new(StringComparer.Ordinal);

    /// <summary>Records found in the source.</summary>
    public long Read { get; internal set; }

    /// <summary>Records handed out.</summary>
    public long Emitted { get; internal set; }

    /// <summary>Records left out, by reason.</summary>
    public IReadOnlyDictionary<string, long> Dropped => _dropped;

    /// <summary>Records altered, by reason.</summary>
    public IReadOnlyDictionary<string, long> Changed => _changed;

    /// <summary>All records left out.</summary>
    public long DroppedTotal => _dropped.Values.Sum();

    /// <summary>Records left out and changed so far.</summary>
    internal long Changes { get; private set; }

    internal TraceCounts Copy()
    {
        var copy = new TraceCounts { Emitted = Emitted };
        copy.AddReader(this);
        return copy;
    }

    internal void Drop(string reason)
    {
        Changes++;
        Add(_dropped, reason, 1);
    }

    internal void Change(string reason)
    {
        Changes++;
        Add(_changed, reason, 1);
    }

    /// <summary>Takes over what a reader below has read, dropped and changed; what it emitted is not yet emitted here.</summary>
    internal void AddReader(TraceCounts reader)
    {
        Read += reader.Read;
        Changes += reader.Changes;
        foreach (var (reason, count) in reader._dropped) Add(_dropped, reason, count);
        foreach (var (reason, count) in reader._changed) Add(_changed, reason, count);
    }

    private static void Add(SortedDictionary<string, long> counts, string reason, long count) =>
        counts[reason] = counts.GetValueOrDefault(reason) + count;
}
