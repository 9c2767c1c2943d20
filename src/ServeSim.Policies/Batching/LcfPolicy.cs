using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Fairness;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="LcfPolicy"/>.</summary>
/// <param name="Cost">What tokens are charged at.</param>
/// <param name="InputPrice">Linear cost of a prompt token.</param>
/// <param name="OutputPrice">Linear cost of an output token.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt joins when no other does.</param>
public sealed record LcfOptions(
    CostFunction Cost = CostFunction.Linear,
    [Range(0.0, double.MaxValue)] double InputPrice = 1,
    [Range(0.0, double.MaxValue)] double OutputPrice = 2,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 8192);

/// <summary>VTC without the lift: a tenant that was idle may starve the others until it has caught up.</summary>
[Policy("lcf", "Least counter first: the virtual token counter without the lift of returning tenants.", Paper = "Sheng et al., VTC, OSDI 2024 (baseline)")]
public sealed class LcfPolicy(LcfOptions options, TenantWeights weights, ILengthPredictor predictor) : VtcPolicy(
    new(CounterLift.None, OutputCharge.Produced, options.Cost, options.InputPrice, options.OutputPrice, options.MaxSequences, options.MaxPrefillTokens), weights, predictor);
