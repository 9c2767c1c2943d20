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
    /// <summary>Weight bytes of one expert, read for each that is touched.</summary>
    public double BytesPerExpert { get; init; }

    /// <summary>Experts touched by so many rows.</summary>
    public Func<int, double>? DistinctExperts { get; init; }

    public double Flops(int rows) => FlopsPerRow * rows;

    public double Bytes(int rows) => (BytesPerRow * rows) + FixedBytes + (DistinctExperts is null ? 0 : BytesPerExpert * DistinctExperts(rows));

    /// <summary>Rows × inner times inner × columns, two bytes a value; activations in and out, weights once.</summary>
    public static RowOperator Gemm(string name, double columns, double inner) =>
        new(name, KernelKind.Gemm, 1, 2 * columns * inner, 2 * (inner + columns), 2 * inner * columns);
}
