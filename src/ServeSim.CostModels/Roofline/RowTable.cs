using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Time of operators that depend on the number of rows alone, remembered per number: a run asks for the same few
/// thousand over and over, and the smooth maximum of a GEMM costs a microsecond. Filling an entry twice stores the
/// same bits, so threads may share a table without a lock.
/// </summary>
internal sealed class RowTable(IReadOnlyList<RowOperator> operators, IKernelClock clock, int rememberedRows = 8192)
{
    private readonly RowOperator[] _operators = [.. operators];
    private readonly double[] _microseconds = new double[rememberedRows + 1];    // 0: not known yet (or nothing to do)

    public double Microseconds(int rows)
    {
        if (rows == 0) return 0;
        if ((uint)rows >= (uint)_microseconds.Length) return Compute(rows);
        var known = _microseconds[rows];
        return known > 0 ? known : _microseconds[rows] = Compute(rows);
    }

    /// <summary>Writes the operators, each run <paramref name="times"/> times, into the ledger.</summary>
    public void Explain(int rows, int times, CostLedger ledger)
    {
        if (rows == 0) return;
        foreach (var op in _operators)
        {
            var (flops, bytes) = (op.Flops(rows), op.Bytes(rows));
            ledger.Add(op.Name, times * op.Count, flops, bytes, clock.Time(op, rows));
        }
    }

    private double Compute(int rows)
    {
        double sum = 0;
        foreach (var op in _operators)
        {
            sum += op.Count * clock.Time(op, rows).Microseconds;
        }

        return sum;
    }
}
