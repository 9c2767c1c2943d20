using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>The attention of one layer.</summary>
internal abstract class AttentionKernel
{
    /// <summary>Time of one layer; writes <paramref name="layers"/> of them into the ledger if there is one.</summary>
    public abstract double Microseconds(in BatchShape shape, int layers, CostLedger? ledger);
}
