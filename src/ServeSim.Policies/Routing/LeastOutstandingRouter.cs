using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>The instance with the fewest requests that have not ended; the first of equals.</summary>
[Policy("least-outstanding", "The instance with the fewest requests in flight.")]
public sealed class LeastOutstandingRouter : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster)
    {
        var best = 0;
        for (var i = 1; i < cluster.Count; i++)
            if (cluster[i].OutstandingRequests < cluster[best].OutstandingRequests) best = i;
        return RouteDecision.To(best);
    }
}
