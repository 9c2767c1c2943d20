using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels;

/// <summary>
/// Charges decode attention for unequal lengths: a share of what each context lacks to the longest of the batch is read as if
/// it were there, as kernels do whose work is cut by the longest sequence or padded to it. Without it a batch of equal and one
/// of unequal contexts cost the same but for the longest one's part.
/// </summary>
/// <param name="inner">The cost of the batch as it is padded.</param>
/// <param name="share">0 for no padding, 1 for all.</param>
public sealed class PaddedDecodeCost(IExplainedCostModel inner, double share) : IExplainedCostModel
{
    /// <inheritdoc/>
    public CostModelInfo Info { get; } = inner.Info with
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"{inner.Info.Name}+padded:{share:R}"),
        Warnings = [.. inner.Info.Warnings, inner.NeedsDecodes
            ? "attention in windows is priced by the members of a batch: padding to the longest context has no effect on this model"
            : "decode attention is charged for padding to the longest context: an assumption, not measured"],
    };

    /// <inheritdoc/>
    public int PipelineStages => inner.PipelineStages;

    /// <inheritdoc/>
    public bool NeedsSequences => inner.NeedsSequences;

    /// <inheritdoc/>
    public bool NeedsDecodes => inner.NeedsDecodes;

    /// <inheritdoc/>
    public int Layers => inner.Layers;

    /// <inheritdoc/>
    public bool HasSublayers => inner.HasSublayers;

    /// <inheritdoc/>
    public SimDuration TimeUntil(in BatchShape shape, int sublayers) => inner.TimeUntil(Padded(shape), sublayers);

    /// <inheritdoc/>
    public double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue) => inner.ExpertReads(shape, sublayers);

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape) => inner.IterationTime(Padded(shape));

    /// <inheritdoc/>
    public SimDuration StageTime(in BatchShape shape, int stage) => inner.StageTime(Padded(shape), stage);

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape) => inner.Explain(Padded(shape));

    private BatchShape Padded(in BatchShape shape)
    {
        var missing = ((long)shape.LongestDecodeContext * shape.DecodeSequences) - shape.DecodeContextTokens;
        return missing <= 0 ? shape : shape with { DecodeContextTokens = shape.DecodeContextTokens + (long)Math.Round(share * missing, MidpointRounding.ToEven) };
    }
}
