using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="OrcaPolicy"/>.</summary>
/// <param name="MaxBatch">Requests in a batch.</param>
/// <param name="MaxSequenceTokens">Longest prompt plus output; every request reserves this much KV for its whole life.</param>
public sealed record OrcaOptions([Range(1, int.MaxValue)] int MaxBatch = 128, [Range(1, int.MaxValue)] int MaxSequenceTokens = 4096);

/// <summary>Iteration-level batching: every running request decodes, newcomers join with their whole prompt at once.</summary>
[Policy("orca", "Iteration-level batching with whole prompts and whole-life KV reservation.", Paper = "Yu et al., Orca, OSDI 2022")]
public sealed class OrcaPolicy(OrcaOptions options) : IBatchPolicy
{
    public EngineLimits Limits { get; } = new(options.MaxSequenceTokens, ReservesWholeSequence: true);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var cap = Math.Max(1, options.MaxBatch / view.PipelineStages);
        var atOnce = plan.TryDecodeAllAtOnce(DecodeOrder.Running, cap);
        foreach (var request in atOnce ? view.Prefilling : view.Running)
        {
            if (plan.SequenceCount >= cap) break;
            if (request.IsPrefilling) plan.TryPrefill(request, int.MaxValue);
            else plan.TryDecode(request);
        }

        foreach (var request in view.Waiting)
        {
            if (plan.SequenceCount >= cap || plan.ResidentCount >= options.MaxBatch) break;
            if (!plan.Reserve(request, options.MaxSequenceTokens))
            {
                plan.RejectIfHopeless(view, request, "its reservation never fits above the watermark");
                break;
            }

            plan.TryPrefill(request, int.MaxValue);
        }

        if (plan.IsDecodeOnly) plan.HoldUntilArrival();    // who found no room finds none before somebody ends
    }
}
