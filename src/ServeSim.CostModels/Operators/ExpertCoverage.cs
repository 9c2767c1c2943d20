using ServeSim.Abstractions;

namespace ServeSim.CostModels.Operators;

/// <summary>How many different experts of a layer a batch touches: each must be read from memory once.</summary>
public static class ExpertCoverage
{
    /// <summary>Expected number under uniform routing, E·(1 − (1 − k/E)^T). Skewed routing touches fewer.</summary>
    public static double Uniform(int experts, int activePerToken, int tokens) => tokens <= 0
        ? 0
        : experts * (1 - DetMath.Pow((double)(experts - activePerToken) / experts, tokens));
}
