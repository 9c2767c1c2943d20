using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>Every instance with the same chance.</summary>
[Policy("random", "Every instance with the same chance.")]
public sealed class RandomRouter(RandomStream random) : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(random.NextInt(cluster.Count));
}
