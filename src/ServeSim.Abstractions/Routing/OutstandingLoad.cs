namespace ServeSim.Abstractions;

/// <summary>What <see cref="ClusterView.Least"/> compares instances by: the router's own counters, always fresh.</summary>
public enum OutstandingLoad
{
    /// <summary><see cref="InstanceSignals.OutstandingRequests"/>.</summary>
    Requests,

    /// <summary><see cref="InstanceSignals.OutstandingPrefillTokens"/>, then <see cref="InstanceSignals.OutstandingRequests"/>.</summary>
    PrefillTokens,
}
