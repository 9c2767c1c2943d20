using ServeSim.Abstractions;

namespace ServeSim.Reporting.Energy;

/// <summary>GPUs, what they draw and what they cost. There is no default price: without one no money is reported.</summary>
public sealed record EnergyOptions
{
    /// <summary>Power of a GPU; null leaves out energy.</summary>
    public IPowerModel? Power { get; init; }

    /// <summary>GPUs of an instance.</summary>
    public int GpusPerInstance { get; init; } = 1;

    /// <summary>Pipeline stages; an iteration keeps the GPUs of one stage at a time busy.</summary>
    public int PipelineStages { get; init; } = 1;

    /// <summary>Facility power over GPU power.</summary>
    public double Pue { get; init; } = 1;

    /// <summary>Grams of CO₂ per kWh of facility energy.</summary>
    public double? GramsCo2PerKwh { get; init; }

    /// <summary>US dollars for a GPU and an hour.</summary>
    public double? UsdPerGpuHour { get; init; }

    /// <summary>US dollars per kWh of facility energy.</summary>
    public double? UsdPerKwh { get; init; }
}
