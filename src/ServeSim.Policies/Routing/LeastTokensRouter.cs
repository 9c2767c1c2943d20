using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>The instance with the fewest prompt tokens whose first token is not out; then fewest requests, then the first.</summary>
[Policy("least-tokens", "Join the shortest queue, measured in prompt tokens.")]
public sealed class LeastTokensRouter : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster) => RouteDecision.To(cluster.Least(OutstandingLoad.PrefillTokens));
}
