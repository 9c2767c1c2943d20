using BenchmarkDotNet.Attributes;
using ServeSim.Engine;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one request of a whole run, metrics included.</summary>
public class WholeRunBench
{
    private const int Requests = 5000;

    [Params(2, 8, 14)]
    public int RequestsPerSecond { get; set; }

    [Benchmark(OperationsPerInvoke = Requests, Description = "request of a run")]
    public RunResult Chat() => Fixtures.Run(Fixtures.Chat(Requests, RequestsPerSecond), 26_312, new RunMetrics(new MetricsOptions { TotalBlocks = 26_312 })).Execute();
}
