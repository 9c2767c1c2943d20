using ServeSim.Abstractions;

namespace ServeSim.CostModels.Operators;

/// <summary>Where the time of an iteration goes.</summary>
/// <param name="Rows">One row an operator, in the order of execution.</param>
/// <param name="Total">What <see cref="ICostModel.IterationTime"/> returns; the rows add up to it but for the rounding to nanoseconds.</param>
public sealed record CostBreakdown(IReadOnlyList<CostRow> Rows, SimDuration Total)
{
    /// <summary>Sum of the rows.</summary>
    public double Microseconds
    {
        get
        {
            double sum = 0;
            foreach (var row in Rows) sum += row.Microseconds;
            return sum;
        }
    }
}
