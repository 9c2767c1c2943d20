using BenchmarkDotNet.Attributes;
using ServeSim.Engine;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one request of a whole run, metrics included.</summary>
public class WholeRunBench
{
    private const int Requests = 5000;

    [Params(EngineKind.Plain, EngineKind.Fast)]
    public EngineKind Engine { get; set; }

    [Params(2, 8, 14)]
    public int RequestsPerSecond { get; set; }

    [Benchmark(OperationsPerInvoke = Requests, Description = "request of a run")]
    public RunResult Chat() => Fixtures.Run(
        Engine, Fixtures.Chat(Requests, RequestsPerSecond), Fixtures.Blocks, new RunMetrics(new MetricsOptions { TotalBlocks = Fixtures.Blocks })).Execute();
}
