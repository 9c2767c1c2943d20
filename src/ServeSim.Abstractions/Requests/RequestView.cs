namespace ServeSim.Abstractions;

/// <summary>
/// What a policy may know of a request. It never shows how many tokens the request will generate; only an
/// <see cref="ILengthPredictor"/> gives an estimate, and only a policy marked as oracle gets an <see cref="IOracle"/>.
/// A view kept after the request has ended is refused by every verb.
/// </summary>
public readonly struct RequestView : IEquatable<RequestView>
{
    internal readonly RequestTable Table;

    internal RequestView(RequestTable table, int row)
    {
        Table = table;
        Row = row;
        Number = table[row].Number;
    }

    /// <summary>Position in arrival order, from 0; never reused.</summary>
    public long Number { get; }

    /// <summary>The row that holds the request while it lives; rows are reused.</summary>
    public int Row { get; }

    /// <summary>When the request reached the gateway.</summary>
    public SimTime Arrival => Table[Row].Spec.Arrival;

    /// <summary>Prompt tokens.</summary>
    public int InputTokens => Table[Row].Spec.InputTokens;

    /// <summary>The cap that the client sent, or null.</summary>
    public int? MaxOutputTokens => Table[Row].Spec.MaxOutputTokens;

    /// <summary>Larger is more urgent.</summary>
    public int Priority => Table[Row].Spec.Priority;

    /// <summary>Who pays; "default" if the trace does not say.</summary>
    public string Tenant => Table[Row].Spec.Tenant ?? "default";

    /// <summary>Name of its service class, or null.</summary>
    public string? SloClass => Table[Row].Spec.SloClass;

    /// <summary>What counts of it: as its class says, or else as its limits do.</summary>
    public SloKind SloKind => Table[Row].Spec.SloKind ?? Slo.ImpliedKind;

    /// <summary>The model that it asks for, or null for the run's.</summary>
    public string? Model => Table[Row].Spec.Model;

    /// <summary>The request's latency limits, those of the run filled in.</summary>
    public SloLimits Slo => Table[Row].Spec.Slo ?? SloLimits.None;

    /// <summary>Tokens generated so far; they survive a preemption.</summary>
    public int GeneratedTokens => Table.UnwrittenTokens(Row) + Table[Row].Generated;

    /// <summary>Tokens whose KV is in memory.</summary>
    public int ContextTokens => Table.UnwrittenTokens(Row) + Table[Row].Context;

    /// <summary>Tokens of prompt and output known so far: what a prefill after preemption must compute.</summary>
    public int KnownTokens => InputTokens + GeneratedTokens;

    /// <summary>Tokens left of the current prefill; 0 once the request decodes.</summary>
    public int RemainingPrefillTokens => Table[Row].PrefillTarget - Math.Min(Table[Row].PrefillTarget, Table[Row].Context);

    /// <summary>True until the current prefill is complete.</summary>
    public bool IsPrefilling => Table[Row].Context < Table[Row].PrefillTarget;

    /// <summary>Tokens of the chunk that has crossed some of the layers; 0 between chunks. They are not part of <see cref="ContextTokens"/> yet.</summary>
    public int ChunkTokens => Table[Row].ChunkTokens;

    /// <summary>Whole layers that this chunk has crossed: where its next range begins.</summary>
    public int ComputedLayers => Table[Row].Sublayers / 2;

    /// <summary>Where the request stands.</summary>
    public RequestState State => Table[Row].State;

    /// <summary>True while a pipelined iteration that holds the request has not ended.</summary>
    public bool IsInFlight => Table.IsInFlight(Row);

    /// <summary>GPU KV blocks that the request owns.</summary>
    public int OwnedBlocks => Table.ClockOf(Row) is { } clock ? Math.Max(Table[Row].Blocks, clock.OwnedBlocks(ContextTokens)) : Table[Row].Blocks;

    /// <summary>When it last entered a waiting queue.</summary>
    public SimTime QueuedAt => Table[Row].QueuedAt;

    /// <summary>When its last token came out; its arrival before the first.</summary>
    public SimTime LastTokenAt => Table.ClockOf(Row) is { } clock ? clock.LastToken : Table[Row].LastTokenAt;

    /// <summary>When its first token came out, or <see cref="SimTime.Never"/>.</summary>
    public SimTime FirstTokenAt => Table[Row].FirstTokenAt;

    /// <summary>Tokens that came out when they were due: token i at arrival + TTFT limit + i times the pace; all of them without a TTFT limit.</summary>
    public int OnTimeTokens
    {
        get
        {
            Table.ClockOf(Row)?.Write(Row);
            return Table[Row].OnTimeTokens;
        }
    }

    /// <summary>How often it lost its place on the GPU.</summary>
    public int Preemptions => Table[Row].Preemptions;

    /// <summary>False once the request has ended and its row may hold another.</summary>
    public bool IsLive => Table[Row].State is not (RequestState.None or RequestState.Aborted) && Table[Row].Number == Number;

    /// <summary>Same request.</summary>
    public bool Equals(RequestView other) => Number == other.Number && ReferenceEquals(Table, other.Table);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RequestView other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Number.GetHashCode();

    /// <summary>Same request.</summary>
    public static bool operator ==(RequestView a, RequestView b) => a.Equals(b);

    /// <summary>Different requests.</summary>
    public static bool operator !=(RequestView a, RequestView b) => !a.Equals(b);
}
