using ServeSim.Abstractions;

namespace ServeSim.Engine;

/// <summary>The fixed facts of a run.</summary>
public sealed record EngineOptions
{
    /// <summary>Which executor runs the instances; both give the same bytes.</summary>
    public EngineKind Kind { get; init; }

    /// <summary>
    /// True makes the fast executor ask policies that promised to hold their plan all the same: a different plan is a
    /// <see cref="PolicyFault"/>. The plain executor has nothing to audit: it always asks.
    /// </summary>
    public bool Audit { get; init; }

    /// <summary>Independent model replicas behind the router.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>KV tokens per block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>KV blocks of one instance.</summary>
    public required int TotalBlocks { get; init; }

    /// <summary>Host memory for swapped KV of one instance, in blocks.</summary>
    public int HostBlocks { get; init; }

    /// <summary>Overrides the policy's watermark (share of blocks an admission must leave free).</summary>
    public double? Watermark { get; init; }

    /// <summary>Bytes of one KV block over all devices of an instance that share a host link; prices swaps.</summary>
    public long BytesPerBlock { get; init; }

    /// <summary>Bandwidth between GPU and host memory, bytes per second.</summary>
    public double HostLinkBytesPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>Set-up time of one swap copy.</summary>
    public SimDuration HostLinkLatency { get; init; }

    /// <summary>Longest prompt plus output that the model accepts.</summary>
    public int MaxContextTokens { get; init; } = int.MaxValue;

    /// <summary>Limits of requests that bring none of their own.</summary>
    public SloLimits Slo { get; init; } = SloLimits.None;

    /// <summary>When clients give up that bring no patience of their own; null is never.</summary>
    public ClientPatience? Patience { get; init; }

    /// <summary>Age that polled load signals can reach; zero means always fresh.</summary>
    public SimDuration SignalPeriod { get; init; }

    /// <summary>Plans of one instance without any progress before the run is stopped.</summary>
    public long LivelockLimit { get; init; } = 100_000;

    /// <summary>Stops the run at this time; what is in flight counts as unfinished.</summary>
    public SimTime Horizon { get; init; } = SimTime.Never;
}
