namespace ServeSim.Workloads;

/// <summary>What a written trace says about itself.</summary>
public sealed record TraceWriteOptions
{
    /// <summary>Tokens per hash id.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>Moment of time 0; the azure layout needs one.</summary>
    public DateTime Start { get; init; } = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Written into the header of canonical traces when given.</summary>
    public string? Source { get; init; }

    /// <summary>Written into the header of canonical traces when given.</summary>
    public ulong? Seed { get; init; }
}
