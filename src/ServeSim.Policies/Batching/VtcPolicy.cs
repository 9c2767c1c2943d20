using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Policies.Batching;

/// <summary>What happens to the counter of a tenant that comes back.</summary>
public enum CounterLift
{
    /// <summary>It rises to the smallest counter among the tenants that wait (the published code).</summary>
    Backlogged,

    /// <summary>The same, and to the counter of the last tenant whose queue ran empty if nobody waits (the paper).</summary>
    LastServed,

    /// <summary>Nothing: credit of idle times is kept (least counter first).</summary>
    None,
}

/// <summary>When output tokens are charged.</summary>
public enum OutputCharge
{
    /// <summary>As they come out.</summary>
    Produced,

    /// <summary>A moving average of the tenant's outputs at admission; the difference when it is known.</summary>
    TenantAverage,

    /// <summary>The predictor's answer at admission; the difference when it is known.</summary>
    Predicted,
}

/// <summary>Options of <see cref="VtcPolicy"/>.</summary>
/// <param name="Lift">What happens to the counter of a tenant that comes back.</param>
/// <param name="Charge">When output tokens are charged.</param>
/// <param name="Cost">What tokens are charged at.</param>
/// <param name="InputPrice">Linear cost of a prompt token.</param>
/// <param name="OutputPrice">Linear cost of an output token.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt joins when no other does.</param>
public sealed record VtcOptions(
    CounterLift Lift = CounterLift.Backlogged,
    OutputCharge Charge = OutputCharge.Produced,
    CostFunction Cost = CostFunction.Linear,
    [Range(0.0, double.MaxValue)] double InputPrice = 1,
    [Range(0.0, double.MaxValue)] double OutputPrice = 2,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 8192);

/// <summary>The waiting tenant with the smallest counter of received service goes first.</summary>
[Policy("vtc", "Virtual token counter: whoever has received least goes first, and idle time earns no credit.", Paper = "Sheng et al., VTC, OSDI 2024")]
public class VtcPolicy(VtcOptions options, TenantWeights weights, ILengthPredictor predictor) : FairPolicy(
    new(options.MaxSequences, options.MaxPrefillTokens), new(options.Cost, options.InputPrice, options.OutputPrice), weights, predictor)
{
    private Tenant? _lastServed;

    protected override void OnQueued(Tenant tenant, in RequestView request)
    {
        if (options.Lift != CounterLift.None && !tenant.IsBacklogged)
        {
            var floor = LeastServed() ?? (options.Lift == CounterLift.LastServed ? _lastServed : null);
            tenant.Counter = Math.Max(tenant.Counter, floor?.Counter ?? tenant.Counter);
        }

        tenant.Enqueue(request);
    }

    protected override void OnLeft(Tenant tenant, in RequestView request) => tenant.Remove(request);

    protected override void Admit(in InstanceView view, BatchPlan plan)
    {
        while (LeastServed() is { } tenant)
        {
            if (!TryAdmit(tenant.First, view, plan)) return;
            tenant.RemoveFirst();
            if (!tenant.IsBacklogged) _lastServed = tenant;
        }
    }

    protected override double PrepaidTokens(Tenant tenant, in RequestView request) => options.Charge switch
    {
        OutputCharge.TenantAverage => tenant.MeanOutput,
        OutputCharge.Predicted => PredictedTokens(request),
        _ => 0,
    };

    /// <summary>The waiting tenant with the smallest counter, of equal ones the one that came first.</summary>
    private Tenant? LeastServed()
    {
        Tenant? least = null;
        foreach (var tenant in Tenants)
            if (tenant.IsBacklogged && !(least?.Counter <= tenant.Counter)) least = tenant;
        return least;
    }
}
