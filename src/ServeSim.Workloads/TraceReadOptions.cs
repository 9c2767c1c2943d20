namespace ServeSim.Workloads;

/// <summary>How a trace file is read.</summary>
public sealed record TraceReadOptions
{
    /// <summary>A layout name of <see cref="TraceFile.Formats"/>, or <c>auto</c>.</summary>
    public string Format { get; init; } = "auto";

    /// <summary>Unknown columns and keys are errors, not warnings.</summary>
    public bool Strict { get; init; }

    /// <summary>What happens to records of 0 tokens.</summary>
    public ZeroTokens ZeroTokens { get; init; }

    /// <summary>How far out of order arrivals may be.</summary>
    public TraceOrder Order { get; init; }

    /// <summary>Records with bad values are dropped and counted instead of ending the run.</summary>
    public bool Lenient { get; init; }

    /// <summary>Largest allowed prompt plus output, if any.</summary>
    public int? MaxTotalTokens { get; init; }
}
