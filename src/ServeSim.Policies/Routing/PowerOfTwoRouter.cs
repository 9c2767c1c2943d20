using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>What the two drawn instances are compared by.</summary>
public enum PowerOfTwoSignal
{
    /// <summary>Share of KV in use, as old as the load signals are.</summary>
    KvUsage,

    /// <summary>Requests in flight, the router's own fresh count.</summary>
    Outstanding,
}

/// <summary>Options of <see cref="PowerOfTwoRouter"/>.</summary>
/// <param name="Signal">What the two are compared by.</param>
public sealed record PowerOfTwoOptions(PowerOfTwoSignal Signal = PowerOfTwoSignal.KvUsage);

/// <summary>Of two instances drawn at random the less loaded one; the first drawn of equals.</summary>
[Policy("power-of-two", "Of two instances drawn at random the less loaded one.", Paper = "Mitzenmacher 2001")]
public sealed class PowerOfTwoRouter(PowerOfTwoOptions options, RandomStream random) : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster)
    {
        if (cluster.Count == 1) return RouteDecision.To(0);
        var first = random.NextInt(cluster.Count);
        var second = random.NextInt(cluster.Count - 1);
        if (second >= first) second++;
        return RouteDecision.To(Load(cluster, second) < Load(cluster, first) ? second : first);
    }

    private double Load(in ClusterView cluster, int instance) =>
        options.Signal == PowerOfTwoSignal.KvUsage ? cluster[instance].KvUsage : cluster[instance].OutstandingRequests;
}
