using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.Engine.Instances;

/// <summary>Chunks that cross a part of the layers: one sum for each part, however many requests share it.</summary>
internal sealed partial class PlanBuilder
{
    private readonly List<LayerSlice> _slices = [];
    private int _slicedTokens;

    /// <summary>Where the iteration may be ended early.</summary>
    public Boundary Boundary { get; private set; }

    private int AllSublayers => 2 * cost.Layers;

    public override int TryPrefill(in RequestView request, int tokens, LayerRange layers)
    {
        var row = Check(request);
        if (cost.Layers == 0) Fault(row, $"the cost model ({cost.Info.Name}) knows no layers: it cannot price {layers}");
        if (layers.First < 0 || layers.Count < 1 || layers.End > cost.Layers) Fault(row, $"{layers} (of {layers.Count}) are not in a stack of {cost.Layers}");
        var done = SublayersOf(row);
        if (layers.First != done / 2)
            Fault(row, $"a chunk crosses the layers in order, each once: it {(done == 0 ? "must enter at layer 0" : $"has crossed {LayersText(row)}")}, got {layers}");
        if (done == 0 && layers.Count == cost.Layers) return TryPrefill(request, tokens);
        RequireCanHoldKv(row, Peek(row));
        if (Peek(row).Tokens > 0) Fault(row, "a request takes part in a plan at most once");
        if (done > 0 && tokens != table[row].ChunkTokens)
            Fault(row, $"a chunk keeps its tokens through all layers: {table[row].ChunkTokens} of them have crossed {LayersText(row)}, got {tokens}");

        var (cached, target) = (ContextOf(row), TargetOf(row));
        var granted = Math.Min(tokens, target - cached);
        if (granted <= 0 || !TryTake(row, ledger.BlocksFor((long)cached + granted))) return 0;
        ref var item = ref Name(row);
        (item.Tokens, item.IsDecode, item.FirstSublayer, item.EndSublayer) = (granted, false, done, 2 * layers.End);
        _sequences++;
        CountSlice(item, cached, +1);
        return granted;
    }

    public override void InterruptibleAt(Boundary boundary)
    {
        RequireOpen();
        if (!Enum.IsDefined(boundary)) Fault(RequestTable.NoRow, "unknown boundary");
        if (boundary != Boundary.Iteration)
        {
            if (cost.Layers == 0) Fault(RequestTable.NoRow, $"the cost model ({cost.Info.Name}) knows no layers: an iteration cannot be interrupted between them");
            if (boundary == Boundary.Operator && !cost.HasSublayers)
                Fault(RequestTable.NoRow, $"the cost model ({cost.Info.Name}) does not time the blocks of a layer: an iteration can be interrupted behind layers only");
            if (state.PipelineStages > 1) Fault(RequestTable.NoRow, "an iteration that several pipeline stages share cannot be interrupted");
        }

        Boundary = boundary;
    }

    /// <summary>What can be checked only when the policy has said everything.</summary>
    public void RequireWhole()
    {
        if (Boundary != Boundary.Iteration && _decodes + _padSequences > 0)
            Fault(RequestTable.NoRow, "an iteration with decodes cannot be interrupted: their tokens come out at its end");
    }

    private void OpenLayers()
    {
        _slices.Clear();
        _slicedTokens = 0;
        Boundary = Boundary.Iteration;
    }

    private int SublayersOf(int row) => Peek(row).IsPreempted ? 0 : table[row].Sublayers;

    private string LayersText(int row) => table[row].Sublayers % 2 == 0
        ? $"{table[row].Sublayers / 2} of {cost.Layers} layers"
        : $"{table[row].Sublayers / 2} of {cost.Layers} layers and the attention of the next";

    private void UncountSlice(in PlanItem item, int cached) => CountSlice(item, cached, -1);

    private void CountSlice(in PlanItem item, int cached, int sign)
    {
        _slicedTokens += sign * item.Tokens;
        if (item.EndSublayer == AllSublayers && cached + item.Tokens == TargetOf(item.Row)) _completedPrefills += sign;
        ref var slice = ref SliceOf(item.FirstSublayer, item.EndSublayer);
        slice = slice with
        {
            PrefillTokens = slice.PrefillTokens + (sign * item.Tokens),
            PrefillSequences = slice.PrefillSequences + sign,
            PrefillPairs = slice.PrefillPairs + (sign * Pairs(item.Tokens, cached)),
            PrefillContextTokens = slice.PrefillContextTokens + (sign * ((long)cached + item.Tokens)),
            LongestPrefillContext = Math.Max(slice.LongestPrefillContext, cached + item.Tokens),
        };
        if (slice.PrefillSequences == 0) _slices.RemoveAll(static s => s.PrefillSequences == 0);
    }

    private ref LayerSlice SliceOf(int first, int end)
    {
        var place = _slices.FindIndex(s => s.FirstSublayer == first && s.EndSublayer == end);
        if (place < 0)
        {
            place = _slices.Count;
            _slices.Add(new() { FirstSublayer = first, EndSublayer = end });
        }

        return ref CollectionsMarshal.AsSpan(_slices)[place];
    }
}
