using ServeSim.Abstractions;

namespace ServeSim.CostModels.Operators;

/// <summary>A cost model that can say where the time goes.</summary>
public interface IExplainedCostModel : ICostModel
{
    /// <summary>The iteration, operator by operator. Allocates; not for the inside of a run.</summary>
    CostBreakdown Explain(in BatchShape shape);
}
