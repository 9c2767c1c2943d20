using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>A cost model that times one pipeline stage; the iteration is the sum of its rounded stages, exact to the nanosecond.</summary>
public abstract class StagedCostModel : IExplainedCostModel
{
    /// <inheritdoc/>
    public abstract CostModelInfo Info { get; }

    /// <inheritdoc/>
    public abstract int PipelineStages { get; }

    /// <inheritdoc/>
    public abstract bool NeedsSequences { get; }

    /// <inheritdoc/>
    public abstract bool NeedsDecodes { get; }

    /// <inheritdoc/>
    public int Layers => Stack.Layers;

    /// <inheritdoc/>
    public bool HasSublayers => true;

    /// <summary>The model's layers.</summary>
    private protected abstract LayerStack Stack { get; }

    /// <inheritdoc/>
    public virtual SimDuration IterationTime(in BatchShape shape)
    {
        var total = SimDuration.Zero;
        for (var stage = 0; stage < PipelineStages; stage++) total += StageTime(shape, stage);
        return total;
    }

    /// <inheritdoc/>
    public virtual void DecodeTimes(in BatchShape first, Span<SimDuration> times) => DecodesOneByOne.Fill(this, first, times);

    /// <inheritdoc/>
    public SimDuration StageTime(in BatchShape shape, int stage) => SimDuration.FromMicroseconds(StageMicroseconds(shape, stage, 2 * Layers, null));

    /// <inheritdoc/>
    public SimDuration TimeUntil(in BatchShape shape, int sublayers)
    {
        var total = SimDuration.Zero;
        for (var stage = 0; stage < PipelineStages; stage++) total += SimDuration.FromMicroseconds(StageMicroseconds(shape, stage, sublayers, null));
        return total;
    }

    /// <inheritdoc/>
    public double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue) => Stack.ExpertReads(shape, sublayers);

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var ledger = new CostLedger();
        for (var stage = 0; stage < PipelineStages; stage++) StageMicroseconds(shape, stage, 2 * Layers, ledger);
        return new(ledger.Rows, IterationTime(shape));
    }

    /// <summary>Time of one stage in microseconds, up to a sublayer of the model; its rows go to the ledger if there is one.</summary>
    private protected abstract double StageMicroseconds(in BatchShape shape, int stage, int until, CostLedger? ledger);
}
