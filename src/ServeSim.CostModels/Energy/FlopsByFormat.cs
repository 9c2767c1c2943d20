using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Energy;

/// <summary>
/// FLOPs of a model in a number format, each counted by the time that its units need at their peak: an operation in a format with twice the
/// two-byte rate counts half. Over the two-byte peak they give the share of the peak that an iteration reaches, whatever the format
/// (energy-cost: mfu = FLOPs / (time · peak · GPUs), with the peak of the format that computes).
/// </summary>
internal static class FlopsByFormat
{
    /// <summary>Projections, MLPs and experts in the format; router, head and attention in two bytes.</summary>
    public static ModelFlops Of(ModelSpec model, AcceleratorSpec gpu, PrecisionProfile precision)
    {
        var plain = ModelFlops.Of(model);
        var share = gpu.FlopsPerSecond / 1e12 / precision.TeraflopsOn(gpu);
        if (share == 1) return plain;
        var sizes = model.Sizes;
        var experts = model.Experts is { } e ? (double)model.ExpertLayers * e.ActivePerToken * sizes.ExpertMatrices : 0;
        var narrow = precision.ExpertsOnly ? experts : experts + ((double)model.Layers * sizes.AttentionMatrices)
            + ((double)(model.Layers - model.ExpertLayers) * sizes.DenseMlpMatrices) + ((double)model.ExpertLayers * sizes.SharedExpertMatrices);
        return plain with { PerToken = plain.PerToken - (2 * narrow * (1 - share)) };
    }
}
