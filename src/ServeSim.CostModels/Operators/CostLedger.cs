namespace ServeSim.CostModels.Operators;

/// <summary>Collects rows while a model explains itself; an operator that runs several times keeps one row.</summary>
internal sealed class CostLedger
{
    private readonly List<CostRow> _rows = [];

    public IReadOnlyList<CostRow> Rows => _rows;

    public void Add(string name, int count, double flops, double bytes, KernelTime each)
    {
        if (count == 0) return;
        var index = _rows.FindIndex(row => row.Operator == name);
        var row = new CostRow(name, count, count * flops, count * bytes, count * each.Microseconds, each.Bound);
        if (index < 0) _rows.Add(row);
        else
        {
            var seen = _rows[index];
            _rows[index] = new(name, seen.Count + count, seen.Flops + row.Flops, seen.MemoryBytes + row.MemoryBytes,
                seen.Microseconds + row.Microseconds, row.Microseconds > seen.Microseconds ? row.Bound : seen.Bound);
        }
    }
}
