namespace ServeSim.Abstractions;

/// <summary>What a router knows of the instances: its own counters, always fresh, and load signals of a declared age.</summary>
public readonly ref struct ClusterView
{
    private readonly ReadOnlySpan<InstanceSignals> _signals;

    internal ClusterView(SimTime now, ReadOnlySpan<InstanceSignals> signals)
    {
        Now = now;
        _signals = signals;
    }

    /// <summary>The routing instant.</summary>
    public SimTime Now { get; }

    /// <summary>Number of instances.</summary>
    public int Count => _signals.Length;

    /// <summary>What is known of one instance.</summary>
    public ref readonly InstanceSignals this[int instance] => ref _signals[instance];
}

/// <summary>One instance as its router knows it.</summary>
public struct InstanceSignals
{
    /// <summary>Requests sent there and not ended (the router's own count, always fresh).</summary>
    public int OutstandingRequests { get; internal set; }

    /// <summary>Prompt tokens sent there whose first token is not out (the router's own count, always fresh).</summary>
    public long OutstandingPrefillTokens { get; internal set; }

    /// <summary>Requests in its waiting queue when the signal was taken.</summary>
    public int WaitingRequests { get; internal set; }

    /// <summary>Requests that held KV when the signal was taken.</summary>
    public int RunningRequests { get; internal set; }

    /// <summary>Share of KV blocks in use when the signal was taken, 0 to 1.</summary>
    public double KvUsage { get; internal set; }

    /// <summary>When the signal was taken.</summary>
    public SimTime TakenAt { get; internal set; }
}
