using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Estimates that policies take from a cost model.</summary>
public static class CostVerbs
{
    extension(ICostModel cost)
    {
        /// <summary>What a prompt of this length takes as an iteration of its own.</summary>
        public SimDuration PrefillTime(int tokens) => cost.IterationTime(new BatchShape
        {
            PrefillTokens = tokens,
            PrefillSequences = 1,
            PrefillPairs = (long)tokens * (tokens + 1L) / 2,
            PrefillContextTokens = tokens,
            CompletedPrefills = 1,
            Sequences = [new SequenceSpan(tokens, 0, false)],
        });
    }

    extension(ClusterShape shape)
    {
        /// <summary>The cheaper way to take a running request's KV away that the plan allows, and the stall that it costs.</summary>
        public (PreemptMode Mode, SimDuration Stall) CheaperPreemption(in RequestView request, BatchPlan plan)
        {
            var recompute = shape.Cost.PrefillTime(Math.Max(1, request.ContextTokens));
            var swap = shape.SwapTime(request.OwnedBlocks);
            return request.IsPrefilling || !plan.CanSwapOut(request) || recompute <= swap ? (PreemptMode.Recompute, recompute) : (PreemptMode.Swap, swap);
        }
    }
}
