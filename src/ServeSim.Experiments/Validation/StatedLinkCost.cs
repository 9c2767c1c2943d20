using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.Experiments.Validation;

/// <summary>
/// Puts a stated link in the place of the one that a cost model assumes between the devices of a layer: every operator
/// that its breakdown calls bound by links takes the latency once per execution and its ring volume at the bandwidth.
/// Operators whose bytes the model does not tell stay as they are. Explains every iteration: slow, for validation only.
/// </summary>
internal sealed class StatedLinkCost(IExplainedCostModel inner, int devices, double gigabytesPerSecond, double latencyMicroseconds) : IExplainedCostModel
{
    /// <inheritdoc/>
    public CostModelInfo Info => inner.Info;

    /// <inheritdoc/>
    public bool NeedsSequences => inner.NeedsSequences;

    /// <inheritdoc/>
    public bool NeedsDecodes => inner.NeedsDecodes;

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape) => Explain(shape).Total;

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var breakdown = inner.Explain(shape);
        var rows = new List<CostRow>(breakdown.Rows.Count);
        double change = 0;
        foreach (var row in breakdown.Rows)
        {
            var replaced = row is { Bound: BoundBy.Link, MemoryBytes: > 0 } ? row with { Microseconds = Microseconds(row) } : row;
            change += replaced.Microseconds - row.Microseconds;
            rows.Add(replaced);
        }

        return new(rows, breakdown.Total + SimDuration.FromMicroseconds(change));
    }

    private double Microseconds(CostRow row)
    {
        var share = (devices - 1.0) / devices;
        var volume = row.MemoryBytes * (row.Operator.Contains("reduce", StringComparison.Ordinal) ? 2 * share : share);
        return (row.Count * latencyMicroseconds) + (volume / (gigabytesPerSecond * 1e3));
    }
}
