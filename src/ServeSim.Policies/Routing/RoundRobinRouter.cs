using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>Instances take turns.</summary>
[Policy("round-robin", "Instances take turns in the order of their numbers.")]
public sealed class RoundRobinRouter : IRouterPolicy
{
    private int _next;

    public RouteDecision Route(in RequestView request, in ClusterView cluster)
    {
        var chosen = _next;
        _next = (chosen + 1) % cluster.Count;
        return RouteDecision.To(chosen);
    }
}
