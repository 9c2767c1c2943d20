namespace ServeSim.Abstractions;

/// <summary>Latency limits of a request; a missing one is not checked. All limits are inclusive.</summary>
/// <param name="Ttft">Time to the first token.</param>
/// <param name="Tbt">Largest allowed gap between two consecutive tokens.</param>
/// <param name="Tpot">Mean time per output token after the first.</param>
/// <param name="E2e">Arrival to last token.</param>
public sealed record SloLimits(SimDuration? Ttft = null, SimDuration? Tbt = null, SimDuration? Tpot = null, SimDuration? E2e = null)
{
    /// <summary>No limit at all.</summary>
    public static readonly SloLimits None = new();

    /// <summary>True when nothing is limited.</summary>
    public bool IsEmpty => Ttft is null && Tbt is null && Tpot is null && E2e is null;

    /// <summary>Time that each token after the first may take on a token schedule: the TBT limit, or the TPOT limit where there is none.</summary>
    public SimDuration? Pace => Tbt ?? Tpot;

    /// <summary>The kind of a request that has these limits and no class to say otherwise.</summary>
    public SloKind ImpliedKind => Ttft is not null || Pace is not null ? SloKind.Latency : E2e is not null ? SloKind.Deadline : SloKind.BestEffort;

    /// <summary>Every limit so many times as long.</summary>
    public SloLimits Times(long factor) => new(Ttft * factor, Tbt * factor, Tpot * factor, E2e * factor);

    /// <summary>The limits of this request, with <paramref name="defaults"/> where it has none of its own.</summary>
    public SloLimits Or(SloLimits defaults) => new(Ttft ?? defaults.Ttft, Tbt ?? defaults.Tbt, Tpot ?? defaults.Tpot, E2e ?? defaults.E2e);
}
