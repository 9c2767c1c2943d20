using ServeSim.Abstractions;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.Experiments.Validation;

/// <summary>
/// Adds what replicas that share their experts send each other: before the experts of a layer every replica gathers the
/// tokens of the others, behind them the results go back. All replicas are taken to have equal batches.
/// </summary>
internal sealed class ExpertExchangeCost(IExplainedCostModel inner, ModelSpec model, int replicas, double gigabytesPerSecond, double latencyMicroseconds) : IExplainedCostModel
{
    private const int ExchangesPerLayer = 2;
    private const int BytesPerValue = 2;

    /// <inheritdoc/>
    public CostModelInfo Info => inner.Info;

    /// <inheritdoc/>
    public bool NeedsSequences => inner.NeedsSequences;

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape) => inner.IterationTime(shape) + SimDuration.FromMicroseconds(Microseconds(shape.Tokens));

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var breakdown = inner.Explain(shape);
        var exchange = new CostRow("expert exchange", ExchangesPerLayer * model.ExpertLayers, 0, Bytes(shape.Tokens) * ExchangesPerLayer * model.ExpertLayers,
            Microseconds(shape.Tokens), BoundBy.Link);
        return new([.. breakdown.Rows, exchange], IterationTime(shape));
    }

    private double Bytes(int tokens) => (double)(replicas - 1) * tokens * model.HiddenSize * BytesPerValue;

    private double Microseconds(int tokens) => tokens == 0 ? 0
        : ExchangesPerLayer * model.ExpertLayers * (latencyMicroseconds + (Bytes(tokens) / (gigabytesPerSecond * 1e3)));
}
