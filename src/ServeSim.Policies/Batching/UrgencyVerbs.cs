using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>What schedulers that serve by urgency share: an order of requests and verbs that serve it from the front.</summary>
public static class UrgencyVerbs
{
    extension(BatchPlan plan)
    {
        /// <summary>
        /// One token for each decoding request in this order; while one lacks a block, the last of the order that is
        /// not yet visited loses its KV, and in the end the request itself, unless requests in flight may still free some.
        /// </summary>
        public void DecodeEvictingLast(in InstanceView view, ReadOnlySpan<RequestView> order, int maxSequences, PreemptMode mode)
        {
            var unvisited = order.Length;
            for (var i = 0; i < unvisited && plan.SequenceCount < maxSequences; i++)
            {
                if (order[i].IsPrefilling) continue;
                while (i < unvisited && !plan.TryDecode(order[i]))
                {
                    if (unvisited - 1 == i && order.Length < view.Running.Count) return;
                    plan.PreemptBy(mode, order[--unvisited]);
                }
            }
        }

        /// <summary>A chunk for each running request in prefill, in this order, up to the budget.</summary>
        public void ContinuePrefills(ReadOnlySpan<RequestView> order, int tokenBudget, int maxSequences)
        {
            foreach (var request in order)
            {
                if (plan.SequenceCount >= maxSequences) break;
                if (request.IsPrefilling && !plan.IsPreempted(request)) plan.TryPrefill(request, tokenBudget - plan.TokenCount);
            }
        }

        /// <summary>
        /// Brings a swapped request back, or admits a waiting one with blocks for its whole prefill and a first chunk;
        /// false if blocks, budget or places do not suffice.
        /// </summary>
        public bool TryStart(in RequestView request, int tokenBudget, int maxResident)
        {
            if (plan.ResidentCount >= maxResident || plan.TokenCount >= tokenBudget) return false;
            return request.State == RequestState.Swapped
                ? plan.TrySwapIn(request) && plan.TryDecode(request)
                : plan.Reserve(request, request.RemainingPrefillTokens) && plan.TryPrefill(request, tokenBudget - plan.TokenCount) > 0;
        }

        /// <summary>Starts requests in this order with <see cref="TryStart"/> until one does not fit.</summary>
        public void StartInOrder(ReadOnlySpan<RequestView> order, int tokenBudget, int maxSequences, int maxResident)
        {
            foreach (var request in order)
            {
                if (plan.IsRejected(request)) continue;
                if (plan.SequenceCount >= maxSequences || !plan.TryStart(request, tokenBudget, maxResident)) break;
            }
        }

        /// <summary>One token for each decoding request that the plan does not use yet and that has its block, in this order.</summary>
        public void DecodeMore(ReadOnlySpan<RequestView> order, int tokenBudget, int maxSequences)
        {
            foreach (var request in order)
            {
                if (plan.SequenceCount >= maxSequences || plan.TokenCount >= tokenBudget) break;
                if (!request.IsPrefilling && !plan.Contains(request)) plan.TryDecode(request);
            }
        }

        /// <summary>
        /// The case without a choice: nobody waits, all decode, and go on doing so until something changes. False, and nothing
        /// is planned, where somebody waits, memory is short, or more than <paramref name="maxSequences"/> run.
        /// </summary>
        public bool TryDecodeEverybody(in InstanceView view, int maxSequences)
        {
            if (!view.Waiting.IsEmpty || !view.Swapped.IsEmpty || !view.Prefilling.IsEmpty) return false;
            if (!plan.TryDecodeAllAtOnce(DecodeOrder.Urgency, maxSequences)) return false;
            plan.HoldUntilArrival();
            return true;
        }

        /// <summary>
        /// The first requests of the order that fit run, whatever their state; less urgent ones lose their KV when a
        /// more urgent one needs their blocks, and otherwise keep it while they pause. Newcomers cannot take that of <paramref name="keeper"/>.
        /// </summary>
        public void RunMostUrgent(in InstanceView view, ReadOnlySpan<RequestView> order, int tokenBudget, int maxSequences, PreemptMode mode, RequestView? keeper = null)
        {
            for (var i = 0; i < order.Length && plan.SequenceCount < maxSequences; i++)
            {
                if (plan.IsPreempted(order[i]) || plan.IsRejected(order[i]) || TryRun(plan, order[i], tokenBudget)) continue;
                var kept = order[i].State == RequestState.Running ? null : keeper;
                if (plan.TokenCount >= tokenBudget || !CouldFit(plan, view, order, i, kept)) continue;
                while (plan.TryEvictBehind(order, i, mode, kept) && !TryRun(plan, order[i], tokenBudget)) { }
            }
        }

        /// <summary>Preempts the least urgent running request behind a place of the order that the plan does not use, but not <paramref name="kept"/>.</summary>
        public bool TryEvictBehind(ReadOnlySpan<RequestView> order, int place, PreemptMode mode, RequestView? kept = null)
        {
            for (var i = order.Length - 1; i > place; i--)
            {
                if (!IsIdle(plan, order[i]) || order[i] == kept) continue;
                plan.PreemptBy(mode, order[i]);
                return true;
            }

            return false;
        }
    }

    private static bool TryRun(BatchPlan plan, in RequestView request, int tokenBudget) => request switch
    {
        { State: not RequestState.Running } => plan.TryStart(request, tokenBudget, int.MaxValue),
        { IsPrefilling: true } => plan.TryPrefill(request, tokenBudget - plan.TokenCount) > 0,
        _ => plan.TokenCount < tokenBudget && plan.TryDecode(request),
    };

    /// <summary>True if evicting everything less urgent would make room, so that nothing is evicted in vain.</summary>
    private static bool CouldFit(BatchPlan plan, in InstanceView view, ReadOnlySpan<RequestView> order, int place, RequestView? kept)
    {
        var request = order[place];
        var free = plan.FreeBlocks + request.OwnedBlocks;
        foreach (var other in order[(place + 1)..])
            if (IsIdle(plan, other) && other != kept) free += other.OwnedBlocks;
        var next = request.State == RequestState.Waiting || request.IsPrefilling ? request.RemainingPrefillTokens : 1;
        return view.BlocksFor(request.ContextTokens + (long)next) + (request.State == RequestState.Running ? 0 : plan.WatermarkBlocks) <= free;
    }

    private static bool IsIdle(BatchPlan plan, in RequestView request) =>
        request.State == RequestState.Running && !plan.Contains(request) && !plan.IsPreempted(request);
}
