using ServeSim.Abstractions;
using ServeSim.Policies.Batching;

namespace ServeSim.Policies.Goodput;

/// <summary>The preemption test of a frame (JITServe, NSDI 2026).</summary>
public static class DisplacementVerbs
{
    extension(BatchPlan plan)
    {
        /// <summary>
        /// The worst running request outside the batch of the frame against the best newcomer, and so on: it gives way if the newcomer is in
        /// the batch, fits in its place, and gains more in the frame than the loser would and the stall costs.
        /// </summary>
        /// <param name="view">The instance.</param>
        /// <param name="ranking">Gains, losses and the batch.</param>
        /// <param name="running">Running requests in the order of the ranking.</param>
        /// <param name="newcomers">Requests that find no slot, in the order of the ranking.</param>
        /// <param name="shape">Prices of preemptions.</param>
        public void GiveWay(
            in InstanceView view, FrameRanking ranking, ReadOnlySpan<RequestView> running, ReadOnlySpan<RequestView> newcomers, ClusterShape shape)
        {
            var place = 0;
            for (var i = running.Length - 1; i >= 0 && place < newcomers.Length; i--)
            {
                var (loser, newcomer) = (running[i], newcomers[place]);
                if (ranking.IsChosen(loser)) continue;
                if (!ranking.IsChosen(newcomer) || plan.IsRejected(newcomer)) return;
                var (mode, stall) = shape.CheaperPreemption(loser, plan);
                if (ranking.Gain(newcomer) - ranking.Gain(loser) <= ranking.Loss(stall)) return;
                if (view.BlocksFor(newcomer.KnownTokens + 1L) + plan.WatermarkBlocks > plan.FreeBlocks + loser.OwnedBlocks) return;
                plan.Preempt(loser, mode);
                ranking.PutLast(loser);
                place++;
            }
        }
    }
}
