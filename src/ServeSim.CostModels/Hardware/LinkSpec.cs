namespace ServeSim.CostModels.Hardware;

/// <summary>A link between devices, hosts or storage.</summary>
/// <param name="Name">How scenarios call it.</param>
/// <param name="LatencyMicroseconds">Fixed time of a transfer.</param>
/// <param name="GigabytesPerSecond">Nominal rate per direction (reading, for storage).</param>
/// <param name="EffectiveGigabytesPerSecond">What large copies reach.</param>
/// <param name="WriteGigabytesPerSecond">Writing, for storage; null otherwise.</param>
/// <param name="Source">Where the numbers come from.</param>
/// <param name="Confidence">high, medium or low.</param>
public sealed record LinkSpec(
    string Name,
    double LatencyMicroseconds,
    double GigabytesPerSecond,
    double EffectiveGigabytesPerSecond,
    double? WriteGigabytesPerSecond,
    string Source,
    string Confidence);
