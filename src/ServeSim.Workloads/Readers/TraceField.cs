namespace ServeSim.Workloads.Readers;

/// <summary>What a column or key means. The order is that of the canonical schema; writers use it.</summary>
internal enum TraceField
{
    Ignored,
    Extra,
    RequestId,
    Arrival,
    Input,
    Output,
    MaxTokens,
    HashIds,
    BlockSize,
    Session,
    Turn,
    WaitFor,
    Delay,
    Tenant,
    User,
    Priority,
    SloClass,
    TtftSlo,
    TpotSlo,
    Deadline,
    Model,
    Adapter,
    ImageTokens,
    AudioTokens,
    VideoTokens,
    NumImages,
    Reasoning,
    Type,

    // Fields of other layouts, turned into the ones above when the record is complete.
    ToolWait,
    AbsoluteDeadline,
    SmallerFirstPriority,
    ZeroBasedTurn,
    BatchSize,
    Parent,
    SubRecords,
}
