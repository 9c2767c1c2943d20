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
    public SimDuration IterationTime(in BatchShape shape)
    {
        var total = SimDuration.Zero;
        for (var stage = 0; stage < PipelineStages; stage++) total += StageTime(shape, stage);
        return total;
    }

    /// <inheritdoc/>
    public virtual void DecodeTimes(in BatchShape first, Span<SimDuration> times)
    {
        for (var i = 0; i < times.Length; i++) times[i] = IterationTime(first.DecodedFurther(i));
    }

    /// <inheritdoc/>
    public SimDuration StageTime(in BatchShape shape, int stage) => SimDuration.FromMicroseconds(StageMicroseconds(shape, stage, null));

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var ledger = new CostLedger();
        for (var stage = 0; stage < PipelineStages; stage++) StageMicroseconds(shape, stage, ledger);
        return new(ledger.Rows, IterationTime(shape));
    }

    /// <summary>Time of one stage in microseconds; its rows go to the ledger if there is one.</summary>
    private protected abstract double StageMicroseconds(in BatchShape shape, int stage, CostLedger? ledger);
}
