namespace ServeSim.CostModels.Operators;

/// <summary>
/// An operator whose work follows from the number of rows (tokens) alone: FLOPs and bytes are affine in them, but for
/// the expert weights, of which only those touched are read.
/// </summary>
/// <param name="Name">Name in breakdowns.</param>
/// <param name="Kind">Family of kernels.</param>
/// <param name="Count">Executions per layer.</param>
/// <param name="FlopsPerRow">FLOPs per row.</param>
/// <param name="BytesPerRow">Activation bytes per row.</param>
/// <param name="FixedBytes">Weight bytes.</param>
internal sealed record RowOperator(string Name, KernelKind Kind, int Count, double FlopsPerRow, double BytesPerRow, double FixedBytes)
{
    /// <summary>Outputs of a GEMM.</summary>
    public double Columns { get; init; }

    /// <summary>Inputs of a GEMM.</summary>
    public double Inner { get; init; }

    /// <summary>Whose weights it reads.</summary>
    public WeightClass Weights { get; init; } = WeightClass.Unquantised;

    /// <summary>The routed experts, if it is their kernel.</summary>
    public ExpertLayer? Experts { get; init; }

    /// <summary>Tokens of all ranks for each row of this one.</summary>
    public double TokensPerRow { get; init; } = 1;

    /// <summary>Experts of this rank that so many rows touch; null leaves it to the clock.</summary>
    public Func<int, double>? DistinctExperts { get; init; }

    public double Flops(int rows) => FlopsPerRow * rows;

    /// <summary>Two bytes a value; experts with their gather and scatter.</summary>
    public double Bytes(int rows) => (BytesPerRow * rows) + FixedBytes
        + (Experts is { } e ? e.PermutedBytes(TokensPerRow * rows) + (2 * e.ExpertWeights * (DistinctExperts?.Invoke(rows) ?? 0)) : 0);

    /// <summary>Rows × inner times inner × columns, two bytes a value; activations in and out, weights once.</summary>
    public static RowOperator Gemm(string name, double columns, double inner, WeightClass weights = WeightClass.Unquantised) =>
        new(name, KernelKind.Gemm, 1, 2 * columns * inner, 2 * (inner + columns), 2 * inner * columns)
        {
            Columns = columns, Inner = inner, Weights = weights,
        };

    /// <summary>The fused kernel of a layer's routed experts.</summary>
    public static RowOperator ExpertGemm(in ExpertLayer layer, double tokensPerRow, Func<int, double>? distinctExperts) =>
        new("experts", KernelKind.Experts, 1, layer.Flops(tokensPerRow), layer.ActivationBytes(tokensPerRow), 0)
        {
            Experts = layer, TokensPerRow = tokensPerRow, DistinctExperts = distinctExperts, Weights = WeightClass.Experts,
        };
}
