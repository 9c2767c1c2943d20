namespace ServeSim.Abstractions;

/// <summary>
/// Consecutive iterations of one instance in which the same requests decode one token each and nothing else happens: each
/// starts where the one before ends. None has length zero.
/// </summary>
public readonly ref struct DecodeRun
{
    /// <summary>Instance that ran them.</summary>
    public required int Instance { get; init; }

    /// <summary>Start of the first.</summary>
    public required SimTime Start { get; init; }

    /// <summary>When the requests' tokens before the first iteration came out; not later than <see cref="Start"/>.</summary>
    public required SimTime LastToken { get; init; }

    /// <summary>Requests that decode.</summary>
    public required int Sequences { get; init; }

    /// <summary>Rows computed: the requests and padding. The contexts grow by so many tokens from one iteration to the next.</summary>
    public required int Rows { get; init; }

    /// <summary>As in <see cref="IterationRecord.DecodeContextTokens"/>, of the first.</summary>
    public required long DecodeContextTokens { get; init; }

    /// <summary>Requests waiting on the instance all the time.</summary>
    public required int WaitingRequests { get; init; }

    /// <summary>As in <see cref="IterationRecord.CarriedTokens"/>, all the time.</summary>
    public int CarriedTokens { get; init; }

    /// <summary>Their ends, in order.</summary>
    public required ReadOnlySpan<SimTime> Ends { get; init; }

    /// <summary>KV blocks in use while each ran; they never fall.</summary>
    public required ReadOnlySpan<int> UsedBlocks { get; init; }

    /// <summary>Number of iterations.</summary>
    public int Count => Ends.Length;

    /// <summary>One of them as a record.</summary>
    public IterationRecord this[int index] => new()
    {
        Instance = Instance,
        Start = index == 0 ? Start : Ends[index - 1],
        End = Ends[index],
        PrefillTokens = 0,
        PrefillSequences = 0,
        DecodeSequences = Sequences,
        EmittedTokens = Sequences,
        UsedBlocks = UsedBlocks[index],
        WaitingRequests = WaitingRequests,
        Preemptions = 0,
        SwappedBytes = 0,
        PrefillPairs = 0,
        DecodeContextTokens = DecodeContextTokens + ((long)index * Rows),
        CarriedTokens = CarriedTokens,
    };

    /// <summary>Time between two tokens of each request.</summary>
    public SimDuration Gap(int index) => Ends[index] - (index == 0 ? LastToken : Ends[index - 1]);

    /// <summary>Those that end after <paramref name="time"/>.</summary>
    public DecodeRun After(SimTime time)
    {
        var skipped = 0;
        while (skipped < Count && Ends[skipped] <= time) skipped++;
        if (skipped == 0) return this;
        return new DecodeRun
        {
            Instance = Instance,
            Start = Ends[skipped - 1],
            LastToken = Ends[skipped - 1],
            Sequences = Sequences,
            Rows = Rows,
            DecodeContextTokens = DecodeContextTokens + ((long)skipped * Rows),
            WaitingRequests = WaitingRequests,
            CarriedTokens = CarriedTokens,
            Ends = Ends[skipped..],
            UsedBlocks = UsedBlocks[skipped..],
        };
    }
}
