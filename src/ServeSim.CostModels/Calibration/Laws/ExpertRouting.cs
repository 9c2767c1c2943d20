namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>How tokens choose experts.</summary>
public enum ExpertRouting
{
    /// <summary>Every expert equally likely, tokens independent of each other.</summary>
    Uniform,

    /// <summary>Dealt out in turn: no expert twice before each had its turn. Benchmarks do so, models do not.</summary>
    Balanced,

    /// <summary>Popularity falls by a power law (exponent 1.2, as timed).</summary>
    Skewed,
}
