namespace ServeSim.CostModels.Roofline;

/// <summary>Times of a whole stage that depend on its rows alone, in microseconds.</summary>
/// <param name="Common">Operators around attention, all layers.</param>
/// <param name="DenseMlp">Dense MLPs.</param>
/// <param name="ExpertMlp">Routed and shared experts.</param>
/// <param name="End">Final norm, or the hand-over to the next stage.</param>
internal readonly record struct StageTimes(double Common, double DenseMlp, double ExpertMlp, double End);

/// <summary>
/// The times of a stage by number of rows, computed when a number first occurs. Threads may share it: a second computation
/// gives the same, and an entry is seen whole.
/// </summary>
internal sealed class StageRows(StagePlan plan, RowTable common, RowTable dense, RowTable experts, RowTable end, int rememberedRows = 8192)
{
    private readonly Entry?[] _entries = new Entry?[rememberedRows + 1];

    public ref readonly StageTimes Of(int rows)
    {
        if ((uint)rows < (uint)_entries.Length && _entries[rows] is { } known) return ref known.Times;
        return ref Compute(rows).Times;
    }

    private Entry Compute(int rows)
    {
        var entry = new Entry(new(plan.Layers * common.Microseconds(rows), Of(plan.DenseLayers, dense, rows), Of(plan.ExpertLayers, experts, rows), end.Microseconds(rows)));
        return rows < _entries.Length ? _entries[rows] = entry : entry;
    }

    private static double Of(int layers, RowTable table, int rows) => layers == 0 ? 0 : layers * table.Microseconds(rows);

    private sealed class Entry(StageTimes times)
    {
        public readonly StageTimes Times = times;
    }
}
