using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>One instance after the other.</summary>
[Policy("round-robin", "One instance after the other.")]
public sealed class RoundRobinRouter : IRouterPolicy
{
    private long _requests;

    public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To((int)(_requests++ % cluster.Count));
}
