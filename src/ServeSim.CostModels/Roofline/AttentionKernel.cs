using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>The attention of one layer.</summary>
internal abstract class AttentionKernel
{
    /// <summary>Time of one layer; writes <paramref name="layers"/> of them into the ledger if there is one.</summary>
    public abstract double Microseconds(in BatchShape shape, int layers, CostLedger? ledger);

    /// <summary>Bit for bit <see cref="Microseconds"/> of a batch of decodes alone, from what decides it.</summary>
    /// <param name="sequences">Decodes, at least one.</param>
    /// <param name="keys">Keys that they read in this layer, their own included.</param>
    /// <param name="longest">Most keys that one of them reads.</param>
    public abstract double DecodeMicroseconds(int sequences, double keys, double longest);
}

/// <summary>Attention whose decode kernels have a start and are affine in what they read.</summary>
internal abstract class DecodeAttention : AttentionKernel
{
    /// <summary>The decode kernels of so many sequences.</summary>
    public abstract DecodeSlopes Slopes(int sequences);
}
