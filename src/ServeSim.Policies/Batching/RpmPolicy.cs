using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="RpmPolicy"/>.</summary>
/// <param name="RequestsPerMinute">Requests of a tenant that are accepted in 60 s, times its weight; 0 is no limit.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt joins when no other does.</param>
public sealed record RpmOptions(
    [Range(0, int.MaxValue)] int RequestsPerMinute = 30,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 8192);

/// <summary>A limit on each tenant's rate at the door, first come first served behind it; without a limit, plain FCFS.</summary>
[Policy("rpm", "First come first served behind a limit of requests per minute and tenant.", Paper = "Sheng et al., VTC, OSDI 2024 (baseline)")]
public sealed class RpmPolicy(RpmOptions options, TenantWeights weights, ILengthPredictor predictor) : FairPolicy(
    new(options.MaxSequences, options.MaxPrefillTokens), new(CostFunction.Linear, 1, 2), weights, predictor)
{
    private static readonly SimDuration Minute = SimDuration.FromSeconds(60);

    private readonly Dictionary<Tenant, Queue<SimTime>> _accepted = [];
    private readonly RequestMap<bool> _isRefused = new();

    protected override void OnQueued(Tenant tenant, in RequestView request)
    {
        if (request.Preemptions > 0) return;
        if (!_accepted.TryGetValue(tenant, out var accepted)) _accepted.Add(tenant, accepted = new());
        while (accepted.TryPeek(out var first) && request.Arrival - first > Minute) accepted.Dequeue();
        _isRefused[request] = options.RequestsPerMinute > 0 && accepted.Count >= options.RequestsPerMinute * tenant.Weight;
        if (!_isRefused[request]) accepted.Enqueue(request.Arrival);
    }

    protected override void OnLeft(Tenant tenant, in RequestView request) { }

    protected override void Charge(Tenant tenant, double amount, long times) { }    // nobody asks what was served

    protected override void Admit(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Waiting)
            if (_isRefused[request]) plan.Reject(request, "more requests per minute than the tenant's limit");
        foreach (var request in view.Waiting)
            if (!_isRefused[request] && !TryAdmit(request, view, plan)) return;
    }
}
