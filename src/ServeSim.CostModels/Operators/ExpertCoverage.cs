using ServeSim.Abstractions;

namespace ServeSim.CostModels.Operators;

/// <summary>How many different experts of a layer a batch touches: each must be read from memory once.</summary>
public static class ExpertCoverage
{
    /// <summary>
    /// Exponent that meets the published coverage of Qwen3-30B-A3B (below 50 % at 16 tokens, about 55 % at 32, below 70 % at 64,
    /// 86 % at 128), where neighbouring tokens prefer the same experts.
    /// </summary>
    public const double MeasuredLocality = 0.70;

    /// <summary>Expected number, E·(1 − (1 − k/E)^(T^β)): tokens that resemble each other count as fewer independent ones; β = 1 is uniform.</summary>
    public static double Expected(int experts, int activePerToken, int tokens, double locality) => tokens <= 0
        ? 0
        : experts * (1 - DetMath.Pow((double)(experts - activePerToken) / experts, locality == 1 ? tokens : DetMath.Pow(tokens, locality)));

    /// <summary>Expected number under uniform routing, E·(1 − (1 − k/E)^T). Skewed routing touches fewer.</summary>
    public static double Uniform(int experts, int activePerToken, int tokens) => Expected(experts, activePerToken, tokens, 1);
}
