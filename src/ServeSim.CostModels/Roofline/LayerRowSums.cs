using ServeSim.CostModels.Calibration;

namespace ServeSim.CostModels.Roofline;

/// <summary>The operators of one layer of each kind, and those around the stack, for batches that change between layers.</summary>
internal sealed class LayerRowSums(LayerOperators operators, CalibratedClock clock, ResidualOverlay residuals, int rememberedRows)
{
    public RowSum Embedding { get; } = Of(operators.Embedding(), clock, residuals, rememberedRows);

    public RowSum Common { get; } = Of(operators.Common(), clock, residuals, rememberedRows);

    public RowSum DenseMlp { get; } = Of(operators.DenseMlp(), clock, residuals, rememberedRows);

    public RowSum ExpertMlp { get; } = Of(operators.ExpertMlp(), clock, residuals, rememberedRows);

    public RowSum FinalNorm { get; } = Of(operators.FinalNorm(), clock, residuals, rememberedRows);

    public RowSum Transfer { get; } = Of([operators.StageTransfer()], clock, residuals, rememberedRows);

    private static RowSum Of(IReadOnlyList<Operators.RowOperator> row, CalibratedClock clock, ResidualOverlay residuals, int rememberedRows)
    {
        var sum = new RowSum(clock, residuals, rememberedRows);
        sum.Add(row, 1);
        return sum;
    }
}
