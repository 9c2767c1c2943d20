namespace ServeSim.Abstractions;

/// <summary>What a router knows of the instances: its own counters, always fresh, and load signals of a declared age.</summary>
public readonly ref struct ClusterView
{
    private readonly ReadOnlySpan<InstanceSignals> _signals;
    private readonly LoadOrders? _orders;

    internal ClusterView(SimTime now, ReadOnlySpan<InstanceSignals> signals, LoadOrders? orders = null)
    {
        Now = now;
        _signals = signals;
        _orders = orders;
    }

    /// <summary>The routing instant.</summary>
    public SimTime Now { get; }

    /// <summary>Number of instances.</summary>
    public int Count => _signals.Length;

    /// <summary>What is known of one instance.</summary>
    public ref readonly InstanceSignals this[int instance] => ref _signals[instance];

    /// <summary>The least loaded instance, the first of equals. The gateway keeps the order: asking costs the same however many instances there are.</summary>
    public int Least(OutstandingLoad by) => _orders?.Least(by) ?? LoadOrders.Least(_signals, by);
}

/// <summary>One instance as its router knows it.</summary>
public struct InstanceSignals
{
    /// <summary>Requests sent there and not ended (the router's own count, always fresh).</summary>
    public int OutstandingRequests { readonly get; internal set; }

    /// <summary>Prompt tokens sent there whose first token is not out (the router's own count, always fresh).</summary>
    public long OutstandingPrefillTokens { readonly get; internal set; }

    /// <summary>Requests in its waiting queue when the signal was taken.</summary>
    public int WaitingRequests { readonly get => Source?.LoadOf(Instance).WaitingRequests ?? field; internal set; }

    /// <summary>Requests that held KV when the signal was taken.</summary>
    public int RunningRequests { readonly get => Source?.LoadOf(Instance).RunningRequests ?? field; internal set; }

    /// <summary>Share of KV blocks in use when the signal was taken, 0 to 1.</summary>
    public double KvUsage { readonly get => Source?.LoadOf(Instance).KvUsage ?? field; internal set; }

    /// <summary>When the signal was taken: now where signals are fresh.</summary>
    public SimTime TakenAt { readonly get => Source?.LoadOf(Instance).TakenAt ?? field; internal set; }

    /// <summary>Gives the load at the moment of looking; null where it was taken before.</summary>
    internal ILoadSource? Source { readonly get; set; }

    internal int Instance { readonly get; set; }
}

/// <summary>Fresh load signals: what nobody looks at is not worked out.</summary>
internal interface ILoadSource
{
    InstanceLoad LoadOf(int instance);
}

/// <summary>The load of one instance at one moment.</summary>
internal readonly record struct InstanceLoad(int WaitingRequests, int RunningRequests, double KvUsage, SimTime TakenAt);
