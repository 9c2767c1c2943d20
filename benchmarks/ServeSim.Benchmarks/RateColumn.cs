using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace ServeSim.Benchmarks;

/// <summary>A rate per second next to the mean: operations (iterations or requests), or tokens where a batch size is given.</summary>
internal sealed class RateColumn(string name, string legend, Func<BenchmarkCase, double?> perOperation) : IColumn
{
    public static readonly RateColumn Operations = new("Op/s", "Operations per second: iterations or requests, as the benchmark says", _ => 1);

    public static readonly RateColumn Tokens = new("Token/s", "Simulated tokens per second", run =>
        run.Parameters[nameof(DecodeLoopBench.BatchSize)] is int batch ? batch : null);

    public string Id => name;
    public string ColumnName => name;
    public bool AlwaysShow => true;
    public ColumnCategory Category => ColumnCategory.Custom;
    public int PriorityInCategory => 0;
    public bool IsNumeric => true;
    public UnitType UnitType => UnitType.Dimensionless;
    public string Legend => legend;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        summary[benchmarkCase]?.ResultStatistics is { } statistics && perOperation(benchmarkCase) is { } factor
            ? (factor * 1e9 / statistics.Mean).ToString("N0", CultureInfo.InvariantCulture)
            : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
}
