using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>The plan's private account: what each named request gets, and the rules that every verb checks first.</summary>
internal sealed partial class PlanBuilder
{
    private static readonly PlanItem[] Unnamed = new PlanItem[1];

    private static long Pairs(long tokens, long cached) => (tokens * cached) + (tokens * (tokens + 1) / 2);

    private int ContextOf(int row) => ContextOf(row, Peek(row));

    private int ContextOf(int row, in PlanItem planned) => planned.IsPreempted ? 0 : table[row].Context;

    private int TargetOf(int row) => TargetOf(row, Peek(row));

    private int TargetOf(int row, in PlanItem planned) => planned.IsPreempted ? table.TargetAfterPreemption(row, planned.Mode) : table[row].PrefillTarget;

    private bool IsWaiting(int row, in PlanItem planned) =>
        table[row].State == RequestState.Waiting || planned is { IsPreempted: true, Mode: not PreemptMode.Swap };

    private void RequireCanHoldKv(int row, in PlanItem planned)
    {
        if (!IsWaiting(row, planned)) Require(row, RequestState.Running, "only a waiting or running request can be given KV");
        if (planned is { IsRejected: true } or { IsPreempted: true, Mode: PreemptMode.Swap }) Fault(row, "a request takes part in a plan at most once");
    }

    private int BlocksForNextToken(int row) =>
        Math.Max(0, ledger.BlocksFor(table[row].Context + 1L) - table[row].Blocks - Peek(row).NewBlocks);

    private bool CanDecode(int row) =>
        table[row].Context >= table[row].PrefillTarget && Peek(row) is { IsPreempted: false, Tokens: 0 };

    private void AddDecode(int row)
    {
        var blocks = BlocksForNextToken(row);
        ref var item = ref Name(row);
        item.Tokens = 1;
        item.IsDecode = true;
        item.NewBlocks += blocks;
        _freeBlocks -= blocks;
        _sequences++;
        _decodes++;
        _decodeContext += table[row].Context;
        _longestDecode = Math.Max(_longestDecode, table[row].Context);
    }

    private void Uncount(in PlanItem item)
    {
        var cached = ContextOf(item.Row);
        _sequences--;
        if (item.IsDecode)
        {
            _decodes--;
            _decodeContext -= cached;
            return;
        }

        if (item.EndSublayer > 0)
        {
            UncountSlice(item, cached);
            return;
        }

        _prefillTokens -= item.Tokens;
        _prefillSequences--;
        _prefillPairs -= Pairs(item.Tokens, cached);
        _prefillContext -= (long)cached + item.Tokens;
        if (cached + item.Tokens == TargetOf(item.Row)) _completedPrefills--;
    }

    /// <summary>Sees to it that the row will own <paramref name="blocks"/>; an admission leaves the watermark free.</summary>
    private bool TryTake(int row, int blocks)
    {
        ref readonly var planned = ref Peek(row);
        var admission = IsWaiting(row, planned);
        var more = Math.Max(0, blocks - (planned.IsPreempted ? 0 : table[row].Blocks) - planned.NewBlocks);
        if (_freeBlocks - more < (admission && more > 0 ? ledger.WatermarkBlocks : 0)) return false;
        if (planned is { IsPreempted: true, IsAdmission: false }) NameAgain(row, planned.Mode);
        ref var item = ref Name(row);
        if (admission && !item.IsAdmission)
        {
            item.IsAdmission = true;
            _resident++;
        }

        item.NewBlocks += more;
        _freeBlocks -= more;
        return true;
    }

    private bool IsNamed(int row) => table[row].PlanStamp == _stamp;

    /// <summary>What the plan holds for a row so far; an empty item if it does not name it.</summary>
    private ref readonly PlanItem Peek(int row)
    {
        if (IsNamed(row)) return ref CollectionsMarshal.AsSpan(_items)[table[row].PlanEntry];
        return ref Unnamed[0];
    }

    private ref PlanItem Name(int row)
    {
        if (!IsNamed(row))
        {
            table[row].PlanStamp = _stamp;
            table[row].PlanEntry = _items.Count;
            _items.Add(new PlanItem { Row = row });
        }

        return ref CollectionsMarshal.AsSpan(_items)[table[row].PlanEntry];
    }

    /// <summary>A preempted request that is admitted again takes its place in the batch now, not where it was preempted.</summary>
    private void NameAgain(int row, PreemptMode mode)
    {
        table[row].PlanEntry = _items.Count;
        _items.Add(new PlanItem { Row = row, IsPreempted = true, Mode = mode });
    }

    private ReadOnlySpan<SequenceSpan> Spans()
    {
        var together = CohortAt >= 0 && cost.NeedsDecodes ? cohort!.Count : 0;
        var most = _items.Count + together + _padSequences;
        if (_spans.Length < most) Array.Resize(ref _spans, 2 * most);
        if (together > 0) cohort!.List(_spans, 0);
        var count = together;
        foreach (ref readonly var item in Items)
            if (item.Tokens > 0 && (!item.IsDecode || cost.NeedsDecodes)) _spans[count++] = new(item.Tokens, ContextOf(item.Row), item.IsDecode) { FirstSublayer = item.FirstSublayer, EndSublayer = item.EndSublayer };
        for (var i = 0; i < _padSequences && cost.NeedsDecodes; i++) _spans[count++] = new(1, (int)(_padContext / _padSequences), true);
        return _spans.AsSpan(0, count);
    }

    /// <summary>The row of a request that may be named in this plan.</summary>
    private int Check(in RequestView request)
    {
        RequireOpen();
        if (!ReferenceEquals(request.Table, table)) Fault(RequestTable.NoRow, "the request does not belong to this run");
        if (!request.IsLive) Fault(RequestTable.NoRow, $"request {request.Number} has ended");
        var row = request.Row;
        ref var fields = ref table[row];
        if (fields.Instance != state.Index) Fault(row, $"the request is on instance {fields.Instance}");
        if (fields.InFlight) Fault(row, "the request is part of an iteration that has not ended");
        if (fields.Clock is not null) TakeOut(row);
        return row;
    }

    private void Require(int row, RequestState expected, string rule)
    {
        if (table[row].State != expected) Fault(row, $"{rule}; it is {table[row].State.ToString().ToLowerInvariant()}");
    }

    private void RequireOpen()
    {
        if (!_open) Fault(RequestTable.NoRow, "a plan can be filled only while Plan runs");
    }

    [DoesNotReturn]
    private void Fault(int row, string rule) =>
        throw new PolicyFault(policy, state.Index, state.Now, row == RequestTable.NoRow ? null : table[row].Number, rule);

    /// <summary>Stamps are unique over all instances of a run, because they share the table.</summary>
    private long NextStamp() => ++table.LastPlanStamp;
}
