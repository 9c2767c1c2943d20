using ServeSim.Abstractions;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Energy;

/// <summary>
/// FLOPs of an iteration from its sums: matrices by tokens, the head by rows, attention by (query, key) pairs. Chunks that cross a
/// part of the layers count with that share, as if all layers were alike.
/// </summary>
/// <param name="PerToken">FLOPs of the matrices that every token passes.</param>
/// <param name="PerRow">FLOPs of the head for a row of logits.</param>
/// <param name="PerPair">FLOPs of attention for a pair, over all layers that see the whole context.</param>
internal readonly record struct ModelFlops(double PerToken, double PerRow, double PerPair)
{
    /// <summary>Layers with a window are left out of the pairs: they see a small, bounded part of them.</summary>
    public static ModelFlops Of(ModelSpec model)
    {
        var sizes = model.Sizes;
        var expertLayer = sizes.SharedExpertMatrices
            + (model.Experts is { } e ? (e.ActivePerToken * sizes.ExpertMatrices) + ((long)model.HiddenSize * e.Experts) : 0);
        var weights = (model.Layers * sizes.AttentionMatrices)
            + ((model.Layers - model.ExpertLayers) * sizes.DenseMlpMatrices) + (model.ExpertLayers * expertLayer);
        double perHead = model.LatentAttention is { } latent
            ? 2 * (latent.NopeHeadSize + latent.RopeHeadSize + latent.ValueHeadSize)
            : 4 * model.HeadSize;
        return new(2.0 * weights, 2.0 * model.HiddenSize * model.VocabularySize, perHead * model.QueryHeads * model.GlobalLayers);
    }

    /// <summary>Those that no context changes, of so many tokens and rows of logits.</summary>
    public double FixedFlops(double tokens, int rows) => (PerToken * tokens) + (PerRow * rows);

    public double Flops(in IterationRecord iteration) =>
        FixedFlops((iteration.PrefillTokens * iteration.LayerShare) + iteration.DecodeSequences, iteration.EmittedTokens)
        + (PerPair * ((iteration.PrefillPairs * iteration.LayerShare) + iteration.DecodeContextTokens + iteration.DecodeSequences));
}
