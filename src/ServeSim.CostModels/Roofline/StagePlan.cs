using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>How many layers of each kind a pipeline stage holds. Equal layers are computed once and multiplied.</summary>
internal readonly record struct StagePlan(int FirstLayer, int Layers, int ExpertLayers, int GlobalLayers, bool IsLast)
{
    /// <summary>First sublayer of the model that it holds (<see cref="Abstractions.LayerSlice"/>).</summary>
    public int FirstSublayer => 2 * FirstLayer;

    /// <summary>The sublayer behind its last one.</summary>
    public int EndSublayer => 2 * (FirstLayer + Layers);

    public int DenseLayers => Layers - ExpertLayers;

    public int WindowedLayers => Layers - GlobalLayers;

    public static StagePlan[] Of(ModelSpec model, ParallelLayout layout)
    {
        var plans = new StagePlan[layout.Pipeline];
        for (var stage = 0; stage < plans.Length; stage++)
        {
            var first = layout.FirstLayerOf(stage, model.Layers);
            var (count, expert, global) = (layout.LayersOf(stage, model.Layers), 0, 0);
            for (var layer = first; layer < first + count; layer++)
            {
                if (model.Experts is { } experts && layer >= experts.DenseLayersFirst) expert++;
                if (model.Window?.IsGlobal(layer) ?? true) global++;
            }

            plans[stage] = new(first, count, expert, global, stage == plans.Length - 1);
        }

        return plans;
    }
}
