using ServeSim.CostModels.Energy;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>What the GPUs draw, and what that does outside them.</summary>
public sealed record PowerConfig
{
    /// <summary>Power curve: auto takes what is known of the GPU, none leaves energy out.</summary>
    public string Model { get; init; } = "auto";

    /// <summary>Facility power over GPU power.</summary>
    public double Pue { get; init; } = 1;

    /// <summary>Grams of CO₂ per kWh; null reports no carbon.</summary>
    public double? GramsCo2PerKwh { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Check("power.model", () => PowerSpec.Parse(Model));
        problems.Require(Pue >= 1 && double.IsFinite(Pue), "power.pue", Pue, "must be at least 1");
        problems.Require(GramsCo2PerKwh is null or (>= 0 and < double.PositiveInfinity), "power.gramsCo2PerKwh", GramsCo2PerKwh, "must not be negative");
    }
}
