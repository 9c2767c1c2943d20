using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>The instance with the fewest requests that have not ended; the first of equals.</summary>
[Policy("least-outstanding", "The instance with the fewest requests in flight.")]
public sealed class LeastOutstandingRouter : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(cluster.Least(OutstandingLoad.Requests));
}
