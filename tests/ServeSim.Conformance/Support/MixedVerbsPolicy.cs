using ServeSim.Abstractions;
using ServeSim.Policies.Batching;

namespace ServeSim.Conformance.Support;

/// <summary>Draws its verbs at random, all-at-once verbs among them, and reads what it can of every request it meets.</summary>
internal sealed class MixedVerbsPolicy(ulong seed, int instance) : IBatchPolicy
{
    private readonly RandomStream _random = new(seed, $"mixed/{instance}");
    private readonly List<RequestView> _known = [];
    private readonly RequestOrder _visited = new();

    public void OnArrived(in RequestView request)
    {
        _known.Add(request);
        Look();
    }

    public void OnFinished(in RequestView request)
    {
        _known.Remove(request);
        Look();
    }

    public void OnAborted(in RequestView request) => _known.Remove(request);

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        var isFirst = _random.NextInt(3);
        if (isFirst == 0) foreach (var request in view.Prefilling) Prefill(request, view, plan, 40);
        Decode(view, plan);
        foreach (var request in view.Prefilling) if (!plan.Contains(request) && !plan.IsPreempted(request)) Prefill(request, view, plan, 40);
        foreach (var request in view.Running) Disturb(request, plan);
        foreach (var request in view.Swapped) if (_random.NextInt(3) > 0 && plan.TrySwapIn(request) && !request.IsPrefilling) plan.TryDecode(request);
        foreach (var request in view.Waiting)
        {
            if (_random.NextInt(4) == 0) break;
            if (_random.NextInt(40) == 0) plan.Reserve(request, request.KnownTokens + _random.NextInt(30));
            Prefill(request, view, plan, 300);
        }

        if (plan.DecodeCount == 0 && view.PipelineStages == 1) plan.InterruptibleAt((Boundary)_random.NextInt(3));

        if (plan.IsEmpty) plan.WakeAt(view.Now + SimDuration.FromMilliseconds(1));
    }

    private void Decode(in InstanceView view, BatchPlan plan)
    {
        if (_random.NextInt(8) == 0) return;
        if (_random.NextInt(2) == 0 && plan.TokenCount == 0)
        {
            DecodeOneByOne(view, plan, (DecodeOrder)_random.NextInt(2), 1 + _random.NextInt(100), _random.NextInt(3));
            return;
        }

        foreach (var request in view.Running.Reversed())
        {
            if (plan.TryDecodeAll()) return;
            if (!plan.IsPreempted(request) && !plan.Contains(request)) plan.Preempt(request, (PreemptMode)_random.NextInt(4), (QueueEnd)_random.NextInt(2));
        }
    }

    /// <summary>A loop with the short cut in front of it.</summary>
    private void DecodeOneByOne(in InstanceView view, BatchPlan plan, DecodeOrder order, int maxSequences, int spareBlocks)
    {
        var atOnce = plan.TryDecodeAllAtOnce(order, maxSequences, spareBlocks);
        _visited.From(atOnce ? view.Prefilling : view.Running);
        foreach (var request in order == DecodeOrder.Arrival ? _visited.ByArrival() : _visited.Requests)
        {
            if (plan.SequenceCount >= maxSequences) break;
            if (request.IsPrefilling && order == DecodeOrder.Running) Prefill(request, view, plan, 5);
            if (!request.IsPrefilling && plan.FreeBlocks >= spareBlocks) plan.TryDecode(request);
        }
    }

    public bool ShouldInterrupt(in InstanceView view)
    {
        Look();
        return _random.NextInt(3) > 0;
    }

    /// <summary>All layers or some; a chunk between layers goes on where it stands.</summary>
    private void Prefill(in RequestView request, in InstanceView view, BatchPlan plan, int most)
    {
        var (first, tokens) = request.ChunkTokens > 0 ? (request.ComputedLayers, request.ChunkTokens) : (0, 1 + _random.NextInt(most));
        if (request.ChunkTokens > 0 || _random.NextInt(3) == 0) plan.TryPrefill(request, tokens, new LayerRange(first, 1 + _random.NextInt(view.Layers - first)));
        else plan.TryPrefill(request, tokens);
    }

    private void Disturb(in RequestView request, BatchPlan plan)
    {
        switch (_random.NextInt(60))
        {
            case 0: plan.Withdraw(request); break;
            case 1 when !plan.Contains(request) && !plan.IsPreempted(request) && plan.CanSwapOut(request): plan.Preempt(request, PreemptMode.Swap); break;
            case 2 when !plan.Contains(request) && !plan.IsPreempted(request): plan.Preempt(request); break;
            case 3 when !plan.Contains(request) && !plan.IsPreempted(request) && !request.IsPrefilling: plan.TryDecode(request); break;
            case 4: _random.NextInt(1 + (plan.ContextTokensOf(request) % 7) + plan.PrefillTokensOf(request)); break;
        }
    }

    /// <summary>What it sees steers what it draws later, so that a wrong view cannot go unnoticed.</summary>
    private void Look()
    {
        foreach (var r in _known)
        {
            if (!r.IsLive) continue;
            var seen = r.GeneratedTokens + r.ContextTokens + r.KnownTokens + r.OwnedBlocks + r.RemainingPrefillTokens + r.ChunkTokens + r.ComputedLayers + r.LastTokenAt.Nanoseconds + (r.IsInFlight ? 1 : 0);
            if (seen % 3 == 0) _random.NextUInt64();
        }
    }
}
