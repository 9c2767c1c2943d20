using ServeSim.Abstractions;
using ServeSim.Engine.Instances;

namespace ServeSim.Engine.Cluster;

/// <summary>
/// Routes arrivals and keeps what the router may know: its own counters, always fresh, and load signals that are either
/// fresh or as old as the polling period.
/// </summary>
internal sealed class Gateway : ILoadSource
{
    private readonly RequestTable _table;
    private readonly IRouterPolicy _policy;
    private readonly string _policyName;
    private readonly InstanceSignals[] _seen;
    private readonly LoadOrders _orders;
    private Instance[] _instances = [];
    private SimTime _now;

    public Gateway(RequestTable table, IRouterPolicy policy, string policyName, int instances, bool isPolled)
    {
        (_table, _policy, _policyName) = (table, policy, policyName);
        _seen = new InstanceSignals[instances];
        for (var i = 0; i < instances; i++) (_seen[i].Source, _seen[i].Instance) = (isPolled ? null : this, i);
        _orders = new(_seen);
    }

    /// <summary>Tells the instances, which are made after their gateway.</summary>
    public void Connect(Instance[] instances) => _instances = instances;

    public RouteDecision Route(int row, SimTime now)
    {
        _now = now;
        RouteDecision decision;
        try
        {
            decision = _policy.Route(new RequestView(_table, row), new ClusterView(now, _seen, _orders));
        }
        catch (Exception cause) when (cause is not (PolicyFault or InvariantException))
        {
            throw new PolicyFault(_policyName, -1, now, _table[row].Number, $"the router threw {cause.GetType().Name}: {cause.Message}", cause);
        }

        if (decision.Reason is null && (uint)decision.Instance >= (uint)_seen.Length)
            throw new PolicyFault(_policyName, -1, now, _table[row].Number, $"the router chose instance {decision.Instance}, {_seen.Length} exist");
        return decision;
    }

    public void OnRouted(int row, int instance)
    {
        _seen[instance].OutstandingRequests++;
        _seen[instance].OutstandingPrefillTokens += _table[row].Spec.InputTokens;
        _orders.Update(instance);
    }

    public void OnFirstToken(int row)
    {
        var instance = _table[row].Instance;
        _seen[instance].OutstandingPrefillTokens -= _table[row].Spec.InputTokens;
        _orders.Update(instance);
    }

    public void OnEnded(int row)
    {
        var instance = _table[row].Instance;
        _seen[instance].OutstandingRequests--;
        if (_table[row].Generated == 0) _seen[instance].OutstandingPrefillTokens -= _table[row].Spec.InputTokens;
        _orders.Update(instance);
    }

    /// <summary>Takes over the load of all instances until the next poll.</summary>
    public void Poll(SimTime now)
    {
        _now = now;
        for (var i = 0; i < _seen.Length; i++)
        {
            var load = LoadOf(i);
            ref var seen = ref _seen[i];
            if (seen.Source is not null) continue;
            (seen.WaitingRequests, seen.RunningRequests, seen.KvUsage, seen.TakenAt) = (load.WaitingRequests, load.RunningRequests, load.KvUsage, load.TakenAt);
        }
    }

    /// <summary>The load of an instance at the moment of routing or polling.</summary>
    public InstanceLoad LoadOf(int instance)
    {
        _instances[instance].CatchUp();
        var state = _instances[instance].State;
        return new(state.Waiting.Count, state.Running.Count, (double)(state.TotalBlocks - state.FreeBlocks) / state.TotalBlocks, _now);
    }
}
