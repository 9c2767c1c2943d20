using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Options of <see cref="StaticPolicy"/>.</summary>
/// <param name="MaxBatch">Requests in a batch.</param>
/// <param name="MaxSequenceTokens">Longest prompt plus output; every request reserves this much KV.</param>
/// <param name="PadFinished">True when finished members still cost compute until the whole batch has ended.</param>
public sealed record StaticOptions([Range(1, int.MaxValue)] int MaxBatch = 128, [Range(1, int.MaxValue)] int MaxSequenceTokens = 4096, bool PadFinished = true);

/// <summary>A batch runs until its last member has finished; only then the next one is formed.</summary>
[Policy("static", "Request-level batching: nobody joins before the whole batch has ended.", Paper = "NVIDIA FasterTransformer")]
public sealed class StaticPolicy(StaticOptions options) : IBatchPolicy
{
    private int _batchSize;

    public EngineLimits Limits { get; } = new(options.MaxSequenceTokens, ReservesWholeSequence: true);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        if (view.Running.IsEmpty) Form(view, plan);
        else Continue(view, plan);
    }

    private void Form(in InstanceView view, BatchPlan plan)
    {
        foreach (var request in view.Waiting)
        {
            if (plan.SequenceCount >= options.MaxBatch) break;
            if (!plan.Reserve(request, options.MaxSequenceTokens))
            {
                plan.RejectIfHopeless(view, request, "its reservation never fits above the watermark");
                break;
            }

            plan.TryPrefill(request, int.MaxValue);
        }

        _batchSize = plan.SequenceCount;
    }

    private void Continue(in InstanceView view, BatchPlan plan)
    {
        if (!plan.TryDecodeAllAtOnce(DecodeOrder.Running))
            foreach (var request in view.Running) plan.TryDecode(request);
        if (options.PadFinished && plan.SequenceCount > 0) plan.Pad(_batchSize - plan.SequenceCount, Longest(view.Running));
        plan.HoldUntilChange();
    }

    private static int Longest(RequestList requests)
    {
        var longest = 0;
        foreach (var request in requests) longest = Math.Max(longest, request.ContextTokens);
        return longest;
    }
}
