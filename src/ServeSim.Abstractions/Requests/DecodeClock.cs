namespace ServeSim.Abstractions;

/// <summary>
/// The shared counter of requests that decode together on one instance. What such a request has done since it joined
/// follows from the counter; nothing is written to its row until it leaves.
/// </summary>
internal abstract class DecodeClock(int blockSize)
{
    /// <summary>KV tokens per block.</summary>
    protected int BlockSize => blockSize;

    /// <summary>Iterations in which the group has decoded so far.</summary>
    public long Step { get; protected set; }

    /// <summary>End of the last of them: when the latest token of every member came out.</summary>
    public SimTime LastToken { get; protected set; }

    /// <summary>True while an iteration with the group runs.</summary>
    public bool IsInFlight { get; set; }

    /// <summary>Takes iterations that have ended by now as done, where the executor has run ahead.</summary>
    public abstract void CatchUp();

    /// <summary>Brings the row of a member up to date.</summary>
    public abstract void Write(int row);

    /// <summary>Blocks of a member that holds this many tokens; one more token has its place while an iteration runs.</summary>
    public int OwnedBlocks(int contextTokens) => (contextTokens + (IsInFlight ? blockSize : blockSize - 1)) / blockSize;
}
