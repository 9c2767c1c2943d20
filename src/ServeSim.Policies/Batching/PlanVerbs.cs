using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>Turns of phrase that several schedulers share, built from the plan's verbs.</summary>
public static class PlanVerbs
{
    extension(BatchPlan plan)
    {
        /// <summary>
        /// One token for each decoding request in this order. While no block at all is free, the last request not yet
        /// visited loses its KV, and in the end the request itself; a request needs a free block even when its last one
        /// has room (vLLM 0.x and Sarathi-Serve). Requests in prefill are passed over, but may be victims.
        /// </summary>
        public void DecodeInOrder(ReadOnlySpan<RequestView> order, int maxSequences, PreemptMode mode = PreemptMode.Recompute)
        {
            var unvisited = order.Length;
            for (var i = 0; i < unvisited && plan.SequenceCount < maxSequences; i++)
            {
                if (order[i].IsPrefilling) continue;
                while (plan.FreeBlocks < 1 && --unvisited > i) plan.PreemptBy(mode, order[unvisited]);
                if (plan.FreeBlocks < 1) plan.PreemptBy(mode, order[i]);
                else plan.TryDecode(order[i]);
            }
        }

        /// <summary>
        /// Swaps out while the host has room, otherwise drops the KV; so does an unfinished prefill, whose reserved
        /// blocks a swap would give away.
        /// </summary>
        public void PreemptBy(PreemptMode mode, in RequestView request) =>
            plan.Preempt(request, mode == PreemptMode.Swap && (request.IsPrefilling || !plan.CanSwapOut(request)) ? PreemptMode.Recompute : mode);

        /// <summary>
        /// One token for every decoding request; while the blocks do not suffice, the newest arrival loses its KV.
        /// </summary>
        public void DecodeAllPreemptingNewest(RequestOrder order, in InstanceView view, QueueEnd end = QueueEnd.Front)
        {
            if (plan.TryDecodeAll()) return;
            var byArrival = order.From(view.Running).ByArrival();
            for (var newest = byArrival.Length - 1; newest >= 0; newest--)
            {
                plan.Preempt(byArrival[newest], end: end);
                if (plan.TryDecodeAll()) return;
            }
        }

        /// <summary>
        /// Refuses a request that was turned away although the instance is empty: it would block the queue for ever.
        /// </summary>
        public bool RejectIfHopeless(in InstanceView view, in RequestView request, string reason)
        {
            if (!plan.IsEmpty || !view.Running.IsEmpty || !view.Swapped.IsEmpty) return false;
            plan.Reject(request, reason);
            return true;
        }
    }
}
