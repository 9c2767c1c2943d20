using ServeSim.Abstractions;

namespace ServeSim.Engine;

/// <summary>Tells true output lengths; handed only to policies that declare it.</summary>
public sealed class TrueLengths : IOracle
{
    /// <inheritdoc/>
    public int OutputTokens(in RequestView request) => request.Table[request.Row].Spec.OutputTokens;
}
