using ServeSim.Abstractions;

namespace ServeSim.Reporting.Writers;

/// <summary>What a row of requests.csv says, in a third of the memory of a record: rows wait for earlier arrivals.</summary>
internal readonly struct RequestRow(in RequestRecord request)
{
    private const long None = long.MinValue;
    private readonly long _scheduled = request.Scheduled?.Nanoseconds ?? None;
    private readonly long _firstToken = request.FirstToken?.Nanoseconds ?? None;
    private readonly long _finished = request.Finished?.Nanoseconds ?? None;
    private readonly long _tpot = request.Tpot?.Nanoseconds ?? None;

    /// <summary>False for a place in which no row stands.</summary>
    public bool IsKnown { get; } = true;

    public string? Id { get; } = request.Id;
    public long Arrival { get; } = request.Arrival.Nanoseconds;
    public long MaxTbt { get; } = request.MaxTbt.Nanoseconds;
    public int InputTokens { get; } = request.InputTokens;
    public int OutputTokens { get; } = request.OutputTokens;
    public int Instance { get; } = request.Instance;
    public int Preemptions { get; } = request.Preemptions;
    public int CachedTokens { get; } = request.CachedTokens;
    public bool MeetsSlo { get; } = request.MeetsSlo;
    public RequestOutcome Outcome { get; } = request.Outcome;
    public long? Scheduled => Known(_scheduled);
    public long? FirstToken => Known(_firstToken);
    public long? Finished => Known(_finished);
    public long? Tpot => Known(_tpot);

    private static long? Known(long nanoseconds) => nanoseconds == None ? null : nanoseconds;
}
