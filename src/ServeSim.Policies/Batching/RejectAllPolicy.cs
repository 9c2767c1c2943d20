using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Serves nobody: the floor of every throughput and goodput figure.</summary>
[Policy("reject-all", "Refuses every request; the floor of all results.")]
public sealed class RejectAllPolicy : IBatchPolicy
{
    public void Plan(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Waiting) plan.Reject(request, "this policy refuses everything");
    }
}
