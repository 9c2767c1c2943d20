namespace ServeSim.Policies.Fairness;

/// <summary>What a request's tokens are charged at.</summary>
public enum CostFunction
{
    /// <summary>A price per prompt token and one per output token.</summary>
    Linear,

    /// <summary>A quadratic fitted to measured latencies of a 7B model on an A10G (VTC artifact); the prices are not used.</summary>
    Profiled,
}

/// <summary>The service that a request has received, h(input, output) of VTC (OSDI 2024).</summary>
/// <param name="Function">Form of the function.</param>
/// <param name="InputPrice">Per prompt token, if linear.</param>
/// <param name="OutputPrice">Per output token, if linear.</param>
public sealed record ServiceCost(CostFunction Function, double InputPrice, double OutputPrice)
{
    /// <summary>True if every output token costs the same.</summary>
    public bool IsLinear => Function == CostFunction.Linear;

    /// <summary>Service of a request with so many prompt and output tokens.</summary>
    public double Of(double input, double output) => IsLinear
        ? (input * InputPrice) + (output * OutputPrice)
        : (0.21001891 * input) + (0.10075395 * output) + (0.0039868 * input * output) + (0.00324733 * output * output) + 1.14601454;

    /// <summary>The charge at admission with <paramref name="prepaid"/> output tokens, for a tenant of this weight.</summary>
    public double AtAdmission(int input, double prepaid, double weight) => IsLinear
        ? (input * InputPrice / weight) + (prepaid * OutputPrice / weight)
        : Of(input, prepaid) / weight;

    /// <summary>The charge for output tokens <paramref name="from"/> + 1 to <paramref name="to"/>; negative if from is larger.</summary>
    public double Between(int input, double from, double to, double weight) => IsLinear
        ? (to - from) * OutputPrice / weight
        : (Of(input, to) - Of(input, from)) / weight;
}
