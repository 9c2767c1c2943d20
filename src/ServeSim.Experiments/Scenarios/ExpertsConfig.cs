using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>How tokens choose among routed experts.</summary>
public sealed record ExpertsConfig
{
    /// <summary>
    /// β of the expected number of experts that T tokens touch, E·(1 − (1 − k/E)^(T^β)): 1 for uniform routing, 0.7 for what was
    /// measured on Qwen3-30B-A3B; null leaves it to the cost model.
    /// </summary>
    public double? Locality { get; init; }

    internal void Validate(Problems problems) =>
        problems.Require(Locality is null or (> 0 and <= 1), "experts.locality", Locality, "must be above 0 and at most 1");
}
