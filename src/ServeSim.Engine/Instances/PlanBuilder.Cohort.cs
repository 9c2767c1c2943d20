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
    private bool _isHeld;

    /// <summary>Items in front of the cohort, or -1 if the plan does not hold it.</summary>
    public int CohortAt { get; private set; } = -1;

    /// <summary>The order of its members.</summary>
    public DecodeOrder CohortOrder { get; private set; }

    /// <summary>True once the policy has asked for all decodes at once: only then a cohort pays.</summary>
    public bool UsesCohort { get; private set; }

    /// <summary>True if the policy promised to plan the same again, and the plan is the cohort and nothing else.</summary>
    public bool IsHeld => _isHeld && CohortAt == 0 && _items.Count == 0 && Preemptions.Count == 0 && Refusals.Count == 0
        && _padSequences == 0 && Wake == SimTime.Never;

    /// <summary>Blocks that must stay free for the policy to plan the same again.</summary>
    public int SpareBlocks { get; private set; }

    public override void HoldUntilChange()
    {
        RequireOpen();
        _isHeld = true;
    }

    public override bool TryDecodeAllAtOnce(DecodeOrder order, int maxSequences, int spareBlocks)
    {
        RequireOpen();
        if (cohort is null) return false;
        UsesCohort = true;
        if (_items.Count > 0 || cohort.Count == 0 || !TryFindOthers(order)) return false;
        if (order == DecodeOrder.Running && IsPrefillInFront()) return false;
        if (cohort.Count + _scratch.Count > maxSequences) return false;
        return TryAddWithCohort(order, spareBlocks);
    }

    /// <summary><see cref="TryDecodeAll"/> with a cohort; null if its members must be looked at one by one.</summary>
    private bool? TryDecodeAllWithCohort()
    {
        if (cohort is null) return null;
        UsesCohort = true;
        if (CohortAt >= 0) BreakUp();
        if (cohort.Count == 0) return null;
        if (TryFindOthers(DecodeOrder.Running)) return TryAddWithCohort(DecodeOrder.Running, 0);
        cohort.LeaveAll(DecodeOrder.Running, Emptied(_scratch));
        return null;
    }

    private bool TryAddWithCohort(DecodeOrder order, int spareBlocks)
    {
        var needed = cohort!.BlocksForStep + spareBlocks;
        foreach (var row in _scratch) needed += BlocksForNextToken(row);
        if (needed > _freeBlocks) return false;

        (CohortAt, CohortOrder, SpareBlocks) = (_items.Count, order, spareBlocks);
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

    /// <summary>Decoding requests outside the cohort, in order; false if one of them may stand in front of a member.</summary>
    private bool TryFindOthers(DecodeOrder order)
    {
        var found = Emptied(_scratch);
        var passed = 0;
        var left = state.Running.Count - state.Prefilling.Count - cohort!.Count;
        if (left == 0) return true;
        foreach (var request in state.Running.Reversed())
        {
            var row = request.Row;
            if (table.Clock[row] is not null)
            {
                passed++;
                continue;
            }

            if (table.Context[row] < table.PrefillTarget[row]) continue;
            if (CanDecode(row))
            {
                if (order == DecodeOrder.Running ? passed > 0 : !cohort.IsBehindAllByArrival(row)) return false;
                found.Add(row);
            }

            if (--left == 0) break;
        }

        found.Reverse();
        if (order == DecodeOrder.Arrival && found.Count > 1) cohort.Sort(found, 0, order);
        return true;
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
        cohort!.LeaveAll(CohortOrder, Emptied(_scratch));
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
