using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Prices are inputs of a study: without one, no money is reported.</summary>
public sealed record PriceConfig
{
    /// <summary>US dollars for a GPU and an hour.</summary>
    public double? UsdPerGpuHour { get; init; }

    /// <summary>US dollars per kWh, for the energy alone.</summary>
    public double? UsdPerKwh { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(UsdPerGpuHour is null or (>= 0 and < double.PositiveInfinity), "price.usdPerGpuHour", UsdPerGpuHour, "must not be negative");
        problems.Require(UsdPerKwh is null or (>= 0 and < double.PositiveInfinity), "price.usdPerKwh", UsdPerKwh, "must not be negative");
    }
}
