using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Time of all operators that depend on the number of rows alone, one table entry a number. An entry is computed when it is first
/// asked for (a smooth maximum costs about a microsecond) and read from then on; filling it twice stores the same bits, so
/// threads may share a table without a lock.
/// </summary>
internal sealed class RowSum(CalibratedClock clock, ResidualOverlay residuals, int rememberedRows)
{
    private readonly List<(RowOperator Operator, int Layers)> _operators = [];
    private readonly double[] _microseconds = new double[rememberedRows + 1];    // 0: not known yet (or nothing to do)

    public void Add(IEnumerable<RowOperator> operators, int layers)
    {
        if (layers == 0) return;
        foreach (var op in operators) _operators.Add((op, layers * op.Count));
    }

    public double Microseconds(int rows)
    {
        var table = _microseconds;
        if ((uint)rows < (uint)table.Length && table[rows] is > 0 and var known) return known;
        return Compute(rows);
    }

    public void Explain(int rows, CostLedger ledger) => Explain(rows, 1, ledger);

    /// <summary>Time of all operators, each run <paramref name="times"/> times as often; they go to the ledger if there is one.</summary>
    public double Add(int rows, int times, CostLedger? ledger)
    {
        if (rows == 0 || times == 0) return 0;
        if (ledger is not null) Explain(rows, times, ledger);
        return times * Microseconds(rows);
    }

    /// <summary>The operators, each run <paramref name="times"/> times as often.</summary>
    public void Explain(int rows, int times, CostLedger ledger)
    {
        if (rows == 0 || times == 0) return;
        foreach (var (op, count) in _operators)
            ledger.Add(op.Name, times * count, op.Flops(rows), clock.Bytes(op, rows), Time(op, rows));
    }

    private KernelTime Time(RowOperator op, int rows)
    {
        if (!residuals.Covers(op.Name, rows)) return clock.Time(op, rows);
        var time = clock.TimeWithoutTiles(op, rows);
        return time with { Microseconds = time.Microseconds * residuals.Factor(op.Name, rows) };
    }

    private double Compute(int rows)
    {
        if (rows == 0) return 0;
        double sum = 0;
        foreach (var (op, count) in _operators) sum += count * Time(op, rows).Microseconds;
        if (rows < _microseconds.Length) _microseconds[rows] = sum;
        return sum;
    }
}
