using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="DrrPolicy"/>.</summary>
/// <param name="Quantum">Service that a turn grants; null is a twentieth of the KV capacity in tokens.</param>
/// <param name="Cost">What tokens are charged at.</param>
/// <param name="InputPrice">Linear cost of a prompt token.</param>
/// <param name="OutputPrice">Linear cost of an output token.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt joins when no other does.</param>
public sealed record DrrOptions(
    [Range(0.1, double.MaxValue)] double? Quantum = null,
    CostFunction Cost = CostFunction.Linear,
    [Range(0.0, double.MaxValue)] double InputPrice = 1,
    [Range(0.0, double.MaxValue)] double OutputPrice = 2,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 8192);

/// <summary>Tenants take turns; a turn adds a quantum, admissions and produced tokens use it up, and debt is paid over later turns.</summary>
[Policy("drr", "Deficit round robin over tenants, output tokens charged as they come out.", Paper = "Sheng et al., VTC, OSDI 2024 (baseline); Shreedhar and Varghese, 1996")]
public sealed class DrrPolicy(DrrOptions options, TenantWeights weights, ILengthPredictor predictor) : FairPolicy(
    new(options.MaxSequences, options.MaxPrefillTokens), new(options.Cost, options.InputPrice, options.OutputPrice), weights, predictor)
{
    private const double CapacityShare = 1.0 / 20;

    private readonly LinkedList<Tenant> _turns = new();
    private Tenant? _turnedAway;

    protected override void OnQueued(Tenant tenant, in RequestView request)
    {
        tenant.Enqueue(request);
        if (!_turns.Contains(tenant)) _turns.AddLast(tenant);
    }

    protected override void OnLeft(Tenant tenant, in RequestView request) => tenant.Remove(request);

    protected override void Charge(Tenant tenant, double amount, long times) => tenant.Add(-amount, times);

    protected override void Admit(in InstanceView view, BatchPlan plan)
    {
        if (IsFull(plan)) return;
        var quantum = options.Quantum ?? view.CapacityTokens * CapacityShare;
        while (_turns.First is { Value: var tenant })
        {
            _turns.RemoveFirst();
            if (tenant == _turnedAway && tenant.Counter < 0)
            {
                _turns.AddLast(tenant);    // it did not fit last time: the next one tries
                _turnedAway = null;
                continue;
            }

            if (tenant.Counter <= 0) tenant.Add(quantum);
            while (tenant.Counter > 0 && tenant.IsBacklogged)
            {
                if (!TryAdmit(tenant.First, view, plan))
                {
                    _turns.AddFirst(_turnedAway = tenant);
                    return;
                }

                tenant.RemoveFirst();
            }

            if (tenant.IsBacklogged || tenant.Counter < 0) _turns.AddLast(tenant);
        }
    }
}
