using ServeSim.Abstractions;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.Experiments.Validation;

/// <summary>
/// Replicas that share their experts must run every layer together, so they are one instance here, and its iteration
/// lasts as long as that of the fullest replica: an equal share of the decodes, and all prompt tokens that one replica may
/// take (chunks fall on single replicas). Before the experts of a layer every replica gathers the tokens of the others,
/// behind them the results go back.
/// </summary>
internal sealed class LockstepCost(
    IExplainedCostModel inner, ModelSpec model, int replicas, int tokenBudget, double gigabytesPerSecond, double latencyMicroseconds) : IExplainedCostModel
{
    private const int ExchangesPerLayer = 2;
    private const int BytesPerValue = 2;

    /// <inheritdoc/>
    public CostModelInfo Info => inner.Info;

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape)
    {
        var fullest = Fullest(shape);
        return inner.IterationTime(fullest) + SimDuration.FromMicroseconds(Microseconds(fullest.Tokens));
    }

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var fullest = Fullest(shape);
        var exchanges = ExchangesPerLayer * model.ExpertLayers;
        var exchange = new CostRow("expert exchange", exchanges, 0, Bytes(fullest.Tokens) * exchanges, Microseconds(fullest.Tokens), BoundBy.Link);
        return new([.. inner.Explain(fullest).Rows, exchange], IterationTime(shape));
    }

    /// <summary>What the fullest replica computes of a batch.</summary>
    internal BatchShape Fullest(in BatchShape shape)
    {
        var prefill = Math.Max(Share(shape.PrefillTokens), Math.Min(shape.PrefillTokens, tokenBudget));
        double part = shape.PrefillTokens > 0 ? (double)prefill / shape.PrefillTokens : 0;
        return new BatchShape
        {
            PrefillTokens = prefill,
            PrefillSequences = (int)Math.Ceiling(part * shape.PrefillSequences),
            PrefillPairs = (long)Math.Ceiling(part * shape.PrefillPairs),
            PrefillContextTokens = (long)Math.Ceiling(part * shape.PrefillContextTokens),
            CompletedPrefills = (int)Math.Ceiling(part * shape.CompletedPrefills),
            DecodeSequences = Share(shape.DecodeSequences),
            DecodeContextTokens = (shape.DecodeContextTokens + replicas - 1) / replicas,
        };
    }

    private int Share(int count) => (count + replicas - 1) / replicas;

    private double Bytes(int tokens) => (double)(replicas - 1) * tokens * model.HiddenSize * BytesPerValue;

    private double Microseconds(int tokens) => tokens == 0 ? 0
        : ExchangesPerLayer * model.ExpertLayers * (latencyMicroseconds + (Bytes(tokens) / (gigabytesPerSecond * 1e3)));
}
