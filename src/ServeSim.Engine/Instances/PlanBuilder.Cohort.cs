using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>
/// The decode cohort as one member of the plan. It stands in the plan where its members would stand in the plain
/// executor; a verb that names a member takes it out, or all of them when the cohort is already planned.
/// </summary>
internal sealed partial class PlanBuilder
{
    private readonly List<int> _scratch = [];
    private readonly List<PlanItem> _behind = [];
    /// <summary>Items in front of the cohort, or -1 if the plan does not hold it.</summary>
    public int CohortAt { get; private set; } = -1;

    /// <summary>True once the policy has asked for all decodes at once: only then a cohort pays.</summary>
    public bool UsesCohort { get; private set; }

    /// <summary>True if the policy promised to plan the same again, and the plan is the cohort and nothing else.</summary>
    public bool IsHeld => HeldFor > 0 && CohortAt == 0 && _items.Count == 0 && Preemptions.Count == 0 && Refusals.Count == 0 && Wake == SimTime.Never;

    /// <summary>Iterations for which the policy promised it, this one included.</summary>
    public int HeldFor { get; private set; }

    /// <summary>True if the promise also stands when requests end.</summary>
    public bool HoldsThroughEnds { get; private set; }

    /// <summary>True if so many requests decode with so much padding and the plan does nothing else.</summary>
    public bool OnlyDecodes(int requests, int padSequences, long padContextTokens)
    {
        if ((_padSequences, _padContext) != (padSequences, padContextTokens) || _decodes != requests || _sequences != requests || Preemptions.Count + Refusals.Count > 0 || Wake != SimTime.Never) return false;
        foreach (ref readonly var item in Items)
            if (!item.IsDecode) return false;
        return true;
    }

    /// <summary>Blocks that must stay free for the policy to plan the same again.</summary>
    public int SpareBlocks { get; private set; }

    public override void HoldFor(int iterations)
    {
        RequireOpen();
        HeldFor = iterations;
    }

    public override void HoldUntilArrival()
    {
        HoldUntilChange();
        HoldsThroughEnds = state.Waiting.IsEmpty && state.Swapped.IsEmpty && state.Prefilling.IsEmpty;
    }

    public override bool TryDecodeAllAtOnce(DecodeOrder order, int maxSequences, int spareBlocks)
    {
        RequireOpen();
        if (cohort is null) return false;
        UsesCohort = true;
        if (_items.Count > 0 || cohort.Count == 0) return false;
        FindOthers();
        if (order == DecodeOrder.Running && IsPrefillInFront()) return false;
        if (cohort.Count + _scratch.Count > maxSequences) return false;
        return TryAddWithCohort(spareBlocks);
    }

    /// <summary><see cref="TryDecodeAll"/> with a cohort; null if its members must be looked at one by one.</summary>
    private bool? TryDecodeAllWithCohort()
    {
        if (cohort is null) return null;
        UsesCohort = true;
        if (CohortAt >= 0) BreakUp();
        if (cohort.Count == 0) return null;
        FindOthers();
        return TryAddWithCohort(0);
    }

    private bool TryAddWithCohort(int spareBlocks)
    {
        var needed = cohort!.BlocksForStep + spareBlocks;
        foreach (var row in _scratch) needed += BlocksForNextToken(row);
        if (needed > _freeBlocks) return false;

        (CohortAt, SpareBlocks) = (_items.Count, spareBlocks);
        CountCohort(+1);
        foreach (var row in _scratch) AddDecode(row);
        return true;
    }

    private void CountCohort(int sign)
    {
        _freeBlocks -= sign * cohort!.BlocksForStep;
        _sequences += sign * cohort.Count;
        _decodes += sign * cohort.Count;
        _decodeContext += sign * cohort.ContextTokens;
        _longestDecode = Math.Max(_longestDecode, cohort.LongestContext);
    }

    /// <summary>Decoding requests outside the cohort that can decode.</summary>
    private void FindOthers()
    {
        var found = Emptied(_scratch);
        var left = state.Running.Count - state.Prefilling.Count - cohort!.Count;
        if (left == 0) return;
        foreach (var request in state.Running.Reversed())
        {
            var row = request.Row;
            if (table.Clock[row] is not null || table.Context[row] < table.PrefillTarget[row]) continue;
            if (CanDecode(row)) found.Add(row);
            if (--left == 0) break;
        }

        found.Reverse();
    }

    /// <summary>True if a request in prefill may stand in front of a decoding one.</summary>
    private bool IsPrefillInFront()
    {
        if (!state.Prefilling.TryFirst(out var first)) return false;
        var last = cohort!.LatestAdmission;
        foreach (var row in _scratch) last = Math.Max(last, table.Admission[row]);
        return table.Admission[first.Row] < last;
    }

    /// <summary>A verb names a member of the cohort.</summary>
    private void TakeOut(int row)
    {
        if (CohortAt >= 0) BreakUp();
        else cohort!.Leave(row);
    }

    /// <summary>Puts the members in the place of the planned cohort, as the plain executor would have named them.</summary>
    private void BreakUp()
    {
        var front = CohortAt;
        _behind.Clear();
        _behind.AddRange(Items[front..]);
        _items.RemoveRange(front, _items.Count - front);
        CountCohort(-1);
        CohortAt = -1;
        cohort!.LeaveAll(Emptied(_scratch));
        foreach (var row in _scratch) AddDecode(row);
        foreach (var item in _behind)
        {
            table.PlanEntry[item.Row] = _items.Count;
            _items.Add(item);
        }
    }

    private static List<int> Emptied(List<int> rows)
    {
        rows.Clear();
        return rows;
    }
}
