namespace ServeSim.Abstractions;

/// <summary>What the engine that a policy models refuses or keeps back, whatever the plan.</summary>
/// <param name="MaxSequenceTokens">Longest prompt plus output; a longer request is refused on arrival, with that reason.</param>
/// <param name="Watermark">Share of the KV blocks that an admission from the waiting queue must leave free (floor).</param>
/// <param name="ReservesWholeSequence">True when every admission reserves <paramref name="MaxSequenceTokens"/> tokens of KV.</param>
public sealed record EngineLimits(int MaxSequenceTokens = int.MaxValue, double Watermark = 0, bool ReservesWholeSequence = false)
{
    /// <summary>Nothing refused, nothing kept back.</summary>
    public static readonly EngineLimits None = new();
}
