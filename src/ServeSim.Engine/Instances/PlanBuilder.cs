using System.Runtime.InteropServices;
using ServeSim.Abstractions;
using ServeSim.Engine.Kv;

namespace ServeSim.Engine.Instances;

/// <summary>The plan of one instance: checks every verb against a private account of blocks; changes nothing.</summary>
internal sealed partial class PlanBuilder(
    RequestTable table, InstanceState state, KvLedger ledger, ICostModel cost, string policy, DecodeCohort? cohort) : BatchPlan
{
    private readonly List<PlanItem> _items = new(64);
    private SequenceSpan[] _spans = [];
    private long _stamp;
    private bool _open;
    private int _freeBlocks;
    private int _freeHostBlocks;
    private int _resident;
    private int _sequences;
    private int _prefillTokens;
    private int _prefillSequences;
    private int _completedPrefills;
    private long _prefillPairs;
    private long _prefillContext;
    private int _decodes;
    private long _decodeContext;
    private int _longestPrefill;    // an upper bound where the longest member was taken out again
    private int _longestDecode;
    private int _padSequences;
    private long _padContext;

    public ReadOnlySpan<PlanItem> Items => CollectionsMarshal.AsSpan(_items);
    public List<Preemption> Preemptions { get; } = [];
    public List<Refusal> Refusals { get; } = [];
    public SimTime Wake { get; private set; }
    public bool SwapsOverlap { get; private set; }
    public int PadSequences => _padSequences;
    public long PadContextTokens => _padContext;

    public override int SequenceCount => _sequences;
    public override int ResidentCount => _resident;
    public override int PrefillTokenCount => _prefillTokens + _slicedTokens;
    public override int DecodeCount => _decodes;
    public override int PreemptCount => Preemptions.Count;
    public override int FreeBlocks => _freeBlocks;
    public override int WatermarkBlocks => ledger.WatermarkBlocks;
    public override SimDuration EstimatedTime => cost.IterationTime(Shape());

    /// <summary>True when carrying the plan out would change nothing.</summary>
    public bool DoesNothing
    {
        get
        {
            if (_sequences > 0 || Preemptions.Count > 0 || Refusals.Count > 0) return false;
            foreach (ref readonly var item in Items)
                if (item.NewBlocks > 0 || item.IsAdmission) return false;
            return true;
        }
    }

    public void Open()
    {
        _items.Clear();
        Preemptions.Clear();
        Refusals.Clear();
        _stamp = NextStamp();
        _open = true;
        _freeBlocks = state.FreeBlocks;
        _freeHostBlocks = state.FreeHostBlocks;
        _resident = state.Running.Count;
        _sequences = _prefillTokens = _prefillSequences = _completedPrefills = _decodes = _padSequences = 0;
        _prefillPairs = _prefillContext = _decodeContext = _padContext = 0;
        OpenLayers();
        _longestPrefill = _longestDecode = 0;
        Wake = SimTime.Never;
        SwapsOverlap = false;
        CohortAt = -1;
        HeldFor = 0;
        HoldsThroughEnds = false;
    }

    public void Close() => _open = false;

    public BatchShape Shape() => new()
    {
        PrefillTokens = _prefillTokens,
        PrefillSequences = _prefillSequences,
        PrefillPairs = _prefillPairs,
        PrefillContextTokens = _prefillContext,
        CompletedPrefills = _completedPrefills,
        DecodeSequences = _decodes + _padSequences,
        DecodeContextTokens = _decodeContext + _padContext,
        LongestPrefillContext = _prefillSequences > 0 ? _longestPrefill : 0,
        LongestDecodeContext = _decodes > 0 ? _longestDecode : 0,
        Slices = CollectionsMarshal.AsSpan(_slices),
        Sequences = cost.NeedsSequences ? Spans() : default,
    };

    public override int PrefillTokensOf(in RequestView request)
    {
        var row = Check(request);
        return Math.Max(0, TargetOf(row) - ContextOf(row));
    }

    public override int ContextTokensOf(in RequestView request) => ContextOf(Check(request));

    public override bool TryDecodeAll()
    {
        RequireOpen();
        if (TryDecodeAllWithCohort() is { } answer) return answer;
        var needed = 0;
        foreach (var request in state.Running)
            if (CanDecode(request.Row)) needed += BlocksForNextToken(request.Row);
        if (needed > _freeBlocks) return false;
        foreach (var request in state.Running)
            if (CanDecode(request.Row)) AddDecode(request.Row);
        return true;
    }

    public override bool TryDecode(in RequestView request)
    {
        var row = Check(request);
        ref readonly var item = ref Peek(row);
        if (!item.IsSwapIn) Require(row, RequestState.Running, "only a running request can decode");
        if (item.Tokens > 0 || item.IsPreempted) Fault(row, "a request takes part in a plan at most once");
        if (table.Context[row] < table.PrefillTarget[row]) Fault(row, "a request cannot decode before its prefill is complete");
        if (BlocksForNextToken(row) > _freeBlocks) return false;
        AddDecode(row);
        return true;
    }

    public override int TryPrefill(in RequestView request, int tokens)
    {
        var row = Check(request);
        RequireCanHoldKv(row);
        if (Peek(row).Tokens > 0) Fault(row, "a request takes part in a plan at most once");
        if (SublayersOf(row) > 0) Fault(row, $"{table.ChunkTokens[row]} tokens of the request have crossed {LayersText(row)}: their next range must be named");
        var cached = ContextOf(row);
        var target = TargetOf(row);
        var granted = Math.Min(tokens, target - cached);
        if (granted <= 0) return 0;
        if (!TryTake(row, ledger.BlocksFor((long)cached + granted))) return 0;

        ref var item = ref Name(row);
        item.Tokens = granted;
        item.IsDecode = false;
        _sequences++;
        _prefillTokens += granted;
        _prefillSequences++;
        _prefillPairs += Pairs(granted, cached);
        _prefillContext += (long)cached + granted;
        _longestPrefill = Math.Max(_longestPrefill, cached + granted);
        if (cached + granted == target) _completedPrefills++;
        return granted;
    }

    public override bool Reserve(in RequestView request, long contextTokens)
    {
        var row = Check(request);
        RequireCanHoldKv(row);
        return contextTokens / state.BlockSize <= state.TotalBlocks && TryTake(row, ledger.BlocksFor(contextTokens));
    }

    public override bool TrySwapIn(in RequestView request)
    {
        var row = Check(request);
        Require(row, RequestState.Swapped, "only a swapped request can be swapped in");
        if (IsNamed(row)) Fault(row, "a request takes part in a plan at most once");
        var blocks = table.HostBlocks[row];
        if (_freeBlocks - ledger.BlocksFor(table.Context[row] + 1L) < ledger.WatermarkBlocks) return false;
        ref var item = ref Name(row);
        item.IsSwapIn = true;
        item.NewBlocks = blocks;
        _freeBlocks -= blocks;    // the host copy's blocks are free only after the plan: swap-outs are carried out first
        _resident++;
        return true;
    }

    public override bool CanSwapOut(in RequestView request) => ledger.BlocksFor(table.Context[Check(request)]) <= _freeHostBlocks;

    public override void Preempt(in RequestView request, PreemptMode mode, QueueEnd end)
    {
        var row = Check(request);
        Require(row, RequestState.Running, "only a running request can be preempted");
        if (!Enum.IsDefined(mode) || !Enum.IsDefined(end)) Fault(row, "unknown way to preempt");
        ref var item = ref Name(row);
        if (item.IsPreempted) Fault(row, "a request is preempted at most once in a plan");
        if (item.Tokens > 0 || item.NewBlocks > 0) Fault(row, "a request that the plan uses cannot be preempted; withdraw it first");
        if (mode == PreemptMode.Swap)
        {
            var blocks = ledger.BlocksFor(table.Context[row]);
            if (blocks > _freeHostBlocks) Fault(row, $"the host pool has {_freeHostBlocks} free blocks, the swap needs {blocks}");
            _freeHostBlocks -= blocks;
        }

        item.IsPreempted = true;
        item.Mode = mode;
        _freeBlocks += table.Blocks[row];
        _resident--;
        Preemptions.Add(new(row, mode, end));
    }

    public override RequestView Preempted(int index) => new(table, Preemptions[index].Row);

    public override void Withdraw(in RequestView request)
    {
        var row = Check(request);
        if (!IsNamed(row)) return;
        ref var item = ref Name(row);
        if (item.Tokens > 0) Uncount(item);
        if (item.IsAdmission || item.IsSwapIn) _resident--;
        _freeBlocks += item.NewBlocks;
        item.Tokens = item.NewBlocks = item.FirstSublayer = item.EndSublayer = 0;
        item.IsAdmission = item.IsSwapIn = item.IsDecode = false;
    }

    public override bool Contains(in RequestView request) => Peek(Check(request)).Tokens > 0;

    public override bool IsPreempted(in RequestView request) => Peek(Check(request)).IsPreempted;

    public override bool IsRejected(in RequestView request) => Peek(Check(request)).IsRejected;

    public override void Reject(in RequestView request, string reason)
    {
        var row = Check(request);
        Require(row, RequestState.Waiting, "only a waiting request can be refused");
        if (IsNamed(row)) Fault(row, "a request that the plan uses cannot be refused");
        Name(row).IsRejected = true;
        Refusals.Add(new(row, string.IsNullOrWhiteSpace(reason) ? "refused by the policy" : reason));
    }

    public override void WakeAt(SimTime time)
    {
        RequireOpen();
        if (time <= state.Now) Fault(RequestTable.NoRow, $"a wake-up must lie in the future, got {time} s");
        if (time < Wake) Wake = time;
    }

    public override void OverlapSwaps()
    {
        RequireOpen();
        SwapsOverlap = true;
    }

    public override void Pad(int sequences, long contextTokens)
    {
        RequireOpen();
        if (sequences < 0 || contextTokens < 0) Fault(RequestTable.NoRow, "padding cannot be negative");
        _padSequences += sequences;
        _padContext += sequences * contextTokens;
    }
}
