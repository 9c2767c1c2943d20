using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>A forward pass in flight; the object is reused.</summary>
internal sealed class Iteration
{
    public SimTime Start;
    public SimTime End;
    public int PrefillTokens;
    public int PrefillSequences;
    public int DecodeSequences;
    public long PrefillPairs;
    public long DecodeContextTokens;
    public int UsedBlocks;
    public int WaitingRequests;
    public int Preemptions;
    public long SwappedBytes;
    public BatchEntry[] Entries = new BatchEntry[16];
    public int Count;
    public Boundary Boundary;        // where it may be ended early
    public bool IsToEnd;             // its policy has asked for that
    public int StopAt;               // sublayers computed
    public SimDuration Swap;
    public double? ExpertReads;
    public long MissedSublayers;     // not crossed in it, summed over prompt tokens
    public int PendingTokens;        // with layers left to cross
    public int CohortAt;             // entries before the decode cohort, or -1 without it

    public void Add(in BatchEntry entry)
    {
        if (Count == Entries.Length) Array.Resize(ref Entries, 2 * Count);
        Entries[Count++] = entry;
    }
}
