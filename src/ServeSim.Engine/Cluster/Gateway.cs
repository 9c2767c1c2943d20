using ServeSim.Abstractions;

namespace ServeSim.Engine.Cluster;

/// <summary>
/// Routes arrivals and keeps what the router may know: its own counters, always fresh, and load signals that are either
/// fresh or as old as the polling period.
/// </summary>
internal sealed class Gateway(RequestTable table, IRouterPolicy policy, string policyName, int instances, bool isPolled)
{
    private readonly InstanceSignals[] _live = new InstanceSignals[instances];
    private readonly InstanceSignals[] _seen = new InstanceSignals[instances];

    public RouteDecision Route(int row, SimTime now)
    {
        RouteDecision decision;
        try
        {
            decision = policy.Route(new RequestView(table, row), new ClusterView(now, _seen));
        }
        catch (Exception cause) when (cause is not PolicyFault)
        {
            throw new PolicyFault(policyName, -1, now, table.Number[row], $"the router threw {cause.GetType().Name}: {cause.Message}", cause);
        }

        if (decision.Reason is null && (uint)decision.Instance >= (uint)instances)
            throw new PolicyFault(policyName, -1, now, table.Number[row], $"the router chose instance {decision.Instance}, {instances} exist");
        return decision;
    }

    public void OnRouted(int row, int instance)
    {
        _seen[instance].OutstandingRequests++;
        _seen[instance].OutstandingPrefillTokens += table.Spec[row].InputTokens;
    }

    public void OnFirstToken(int row) => _seen[table.Instance[row]].OutstandingPrefillTokens -= table.Spec[row].InputTokens;

    public void OnEnded(int row)
    {
        var instance = table.Instance[row];
        _seen[instance].OutstandingRequests--;
        if (table.Generated[row] == 0) OnFirstToken(row);
    }

    /// <summary>Takes over the load of an instance; routers see it at once, or at the next poll.</summary>
    public void Update(InstanceState state)
    {
        ref var live = ref _live[state.Index];
        live.WaitingRequests = state.Waiting.Count;
        live.RunningRequests = state.Running.Count;
        live.KvUsage = (double)(state.TotalBlocks - state.FreeBlocks) / state.TotalBlocks;
        live.TakenAt = state.Now;
        if (!isPolled) Publish(state.Index);
    }

    public void Poll(SimTime now)
    {
        for (var i = 0; i < instances; i++)
        {
            _live[i].TakenAt = now;
            Publish(i);
        }
    }

    private void Publish(int instance)
    {
        ref var seen = ref _seen[instance];
        ref readonly var live = ref _live[instance];
        seen.WaitingRequests = live.WaitingRequests;
        seen.RunningRequests = live.RunningRequests;
        seen.KvUsage = live.KvUsage;
        seen.TakenAt = live.TakenAt;
    }
}
