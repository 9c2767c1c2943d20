using ServeSim.Abstractions;

namespace ServeSim.Policies.Routing;

/// <summary>The instance with the fewest prompt tokens whose first token is not out; then fewest requests, then the first.</summary>
[Policy("least-tokens", "Join the shortest queue, measured in prompt tokens.")]
public sealed class LeastTokensRouter : IRouterPolicy
{
    public RouteDecision Route(in RequestView request, in ClusterView cluster)
    {
        var best = 0;
        for (var i = 1; i < cluster.Count; i++)
            if (IsLighter(cluster[i], cluster[best])) best = i;
        return RouteDecision.To(best);
    }

    private static bool IsLighter(in InstanceSignals a, in InstanceSignals b) => a.OutstandingPrefillTokens != b.OutstandingPrefillTokens
        ? a.OutstandingPrefillTokens < b.OutstandingPrefillTokens
        : a.OutstandingRequests < b.OutstandingRequests;
}
