using ServeSim.Abstractions;

namespace ServeSim.Reporting.Energy;

/// <summary>
/// Energy and money from the first measured arrival to the end of the last iteration; null where the power model, the
/// price or the base is missing. Joules are those of the GPUs: hosts are not in them, the facility is in its own line.
/// </summary>
public sealed record EnergySummary
{
    /// <summary>The power model; null where energy was not asked for.</summary>
    public PowerModelInfo? Power { get; init; }

    public required int Gpus { get; init; }
    public required double WindowSeconds { get; init; }

    /// <summary>Integral of the power of all GPUs: prefill, decode and rest add up to it.</summary>
    public double? Joules { get; init; }

    /// <summary>Busy energy by the share of prompt tokens in each iteration.</summary>
    public double? PrefillJoules { get; init; }

    /// <summary>Busy energy by the share of decoding requests in each iteration.</summary>
    public double? DecodeJoules { get; init; }

    /// <summary>Energy of GPUs that computed nothing; never spread over requests.</summary>
    public double? RestJoules { get; init; }

    /// <summary>Energy of GPUs times PUE.</summary>
    public double? FacilityJoules { get; init; }

    public double? RestShare { get; init; }
    public double? MeanWatts { get; init; }

    /// <summary>Highest mean power of a window of <see cref="PowerWindowSeconds"/>.</summary>
    public double? PeakWatts { get; init; }
    public double? P99Watts { get; init; }

    /// <summary>One second, or more in runs of over 18 hours.</summary>
    public double? PowerWindowSeconds { get; init; }

    /// <summary>All energy over the tokens that came out.</summary>
    public double? JoulesPerOutputToken { get; init; }

    /// <summary>Energy of busy GPUs over the tokens that came out.</summary>
    public double? BusyJoulesPerOutputToken { get; init; }

    /// <summary>All energy over prompt and output tokens of finished requests.</summary>
    public double? JoulesPerToken { get; init; }
    public double? WattHoursPerRequest { get; init; }

    /// <summary>Null without a carbon intensity.</summary>
    public double? GramsCo2 { get; init; }

    public double? UsdPerGpuHour { get; init; }

    /// <summary>GPU hours times price.</summary>
    public double? Usd { get; init; }
    public double? UsdPerMillionOutputTokens { get; init; }

    /// <summary>Facility energy times its price; not part of <see cref="Usd"/>.</summary>
    public double? EnergyUsd { get; init; }
}
