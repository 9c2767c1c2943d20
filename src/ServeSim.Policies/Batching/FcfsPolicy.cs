using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="FcfsPolicy"/>.</summary>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxBatchedTokens">Tokens of one iteration, decodes included; a longer prompt joins when no other prompt does.</param>
public sealed record FcfsOptions([Range(1, int.MaxValue)] int MaxSequences = 256, [Range(1, int.MaxValue)] int MaxBatchedTokens = 8192);

/// <summary>Everybody running decodes and the first in line join with their whole prompts while memory lasts.</summary>
[Policy("fcfs", "Plain continuous batching, first come first served, over paged KV without reservation.")]
public sealed class FcfsPolicy(FcfsOptions options) : IBatchPolicy
{
    private readonly RequestOrder _order = new();

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        plan.DecodeAllPreemptingNewest(_order, view);
        if (plan.PreemptCount > 0) return;

        foreach (var request in view.Waiting)
        {
            if (plan.ResidentCount >= options.MaxSequences) break;
            if (plan.PrefillTokenCount > 0 && plan.TokenCount + (long)request.RemainingPrefillTokens > options.MaxBatchedTokens) break;
            if (plan.TryPrefill(request, int.MaxValue) == 0) break;
        }

        if (plan.IsDecodeOnly) plan.HoldUntilArrival();    // who did not fit now fits less with every token
    }
}
