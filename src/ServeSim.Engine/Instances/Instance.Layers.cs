using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>Progress by layers: chunks between two of their ranges, and iterations that end before their time.</summary>
internal sealed partial class Instance
{
    private int _carriedTokens;    // whose activations wait for the next layers

    private static long SlicedPairs(in BatchShape shape)
    {
        long pairs = 0;
        foreach (ref readonly var slice in shape.Slices) pairs += slice.PrefillPairs;
        return pairs;
    }

    private void StartLayers(Iteration iteration, in BatchShape shape)
    {
        iteration.Boundary = _plan.Boundary;
        iteration.IsToEnd = false;
        iteration.StopAt = int.MaxValue;
        iteration.ExpertReads = shape.Slices.IsEmpty ? null : _cost.ExpertReads(shape);
        (iteration.MissedSublayers, iteration.PendingTokens) = (0, 0);
    }

    /// <summary>
    /// After an arrival: asks whether the running iteration is to end at its next boundary. A boundary in this very instant has
    /// passed, because ends come before arrivals (INV-10).
    /// </summary>
    private void AskToInterrupt()
    {
        if (!_inFlight.TryPeek(out var iteration) || iteration.Boundary == Boundary.Iteration || iteration.IsToEnd) return;
        try
        {
            if (!_policy.ShouldInterrupt(new InstanceView(_state))) return;
        }
        catch (Exception cause) when (IsPolicys(cause))
        {
            throw Blame(cause);
        }

        // One pipeline stage: the plan is still the one that the iteration carries out.
        iteration.IsToEnd = true;
        var shape = _plan.Shape();
        var step = iteration.Boundary == Boundary.Layer ? 2 : 1;
        var (passed, ahead) = (0, 2 * _cost.Layers / step);
        while (ahead - passed > 1)
        {
            var middle = passed + ((ahead - passed) / 2);
            if (TimeOf(iteration, shape, middle * step) <= _state.Now) passed = middle;
            else ahead = middle;
        }

        var end = TimeOf(iteration, shape, ahead * step);
        if (ahead * step == 2 * _cost.Layers || end >= iteration.End) return;
        iteration.StopAt = ahead * step;
        iteration.End = _stageFreeAt[0] = end;
        iteration.ExpertReads = _cost.ExpertReads(shape, iteration.StopAt);
        _fingerprint.Add(iteration.StopAt);
        _fingerprint.Add(end.Nanoseconds);
        _run.Ends.Set(_state.Index, end);
    }

    private SimTime TimeOf(Iteration iteration, in BatchShape shape, int sublayers) =>
        iteration.Start + WithSwap(_cost.TimeUntil(shape, sublayers), iteration.Swap);

    /// <summary>Moves a chunk on to where the iteration has brought it; true, and between chunks again, behind the last layer.</summary>
    private bool HasLeftLastLayer(Iteration iteration, in BatchEntry entry)
    {
        if (entry.EndSublayer == 0 && iteration.StopAt == int.MaxValue) return true;
        var (row, all) = (entry.Row, 2 * _cost.Layers);
        var reached = Math.Clamp(iteration.StopAt, entry.FirstSublayer, entry.EndSublayer == 0 ? all : entry.EndSublayer);
        var unfinished = reached < all;
        iteration.MissedSublayers += (long)entry.Tokens * (all - reached + entry.FirstSublayer);
        if (unfinished) iteration.PendingTokens += entry.Tokens;
        _carriedTokens -= _table[row].ChunkTokens;
        (_table[row].Sublayers, _table[row].ChunkTokens) = unfinished && reached > 0 ? (reached, entry.Tokens) : (0, 0);
        _carriedTokens += _table[row].ChunkTokens;
        return !unfinished;
    }

    /// <summary>A preempted request loses the activations of its chunk with the KV.</summary>
    private void DropLayers(int row)
    {
        _carriedTokens -= _table[row].ChunkTokens;
        _table[row].Sublayers = _table[row].ChunkTokens = 0;
    }
}
