namespace ServeSim.Abstractions;

/// <summary>Chooses an instance for an arriving request; one object per run.</summary>
public interface IRouterPolicy
{
    /// <summary>Decides where the request goes.</summary>
    RouteDecision Route(in RequestView request, in ClusterView cluster);
}

/// <summary>What a router decided.</summary>
public readonly record struct RouteDecision
{
    /// <summary>The chosen instance, or -1 when refused.</summary>
    public int Instance { get; private init; }

    /// <summary>Why it was refused, or null.</summary>
    public string? Reason { get; private init; }

    /// <summary>Send it to an instance.</summary>
    public static RouteDecision To(int instance) => new() { Instance = instance };

    /// <summary>Refuse it.</summary>
    public static RouteDecision Reject(string reason) => new() { Instance = -1, Reason = reason };
}
