using System.Diagnostics;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;
using ServeSim.Workloads;

namespace ServeSim.Benchmarks;

/// <summary>What a whole run of a scenario took: trace read, run measured, requests.csv written to nowhere.</summary>
/// <param name="CpuSeconds">Processor time of the whole process, the reading thread included.</param>
/// <param name="WallSeconds">Time on the wall.</param>
/// <param name="Requests">Requests simulated.</param>
/// <param name="Iterations">Iterations.</param>
/// <param name="Tokens">Tokens generated.</param>
/// <param name="PeakHeapBytes">Largest managed heap seen, garbage included.</param>
/// <param name="Bytes">Hash of requests.csv.</param>
internal sealed record WholeRun(double CpuSeconds, double WallSeconds, long Requests, long Iterations, long Tokens, long PeakHeapBytes, ulong Bytes)
{
    public static WholeRun Of(Scenario scenario, EngineKind kind, PolicyCatalog catalog)
    {
        GC.Collect();
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.GetTimestamp();
        var setup = new RunSetup(scenario with { Engine = scenario.Engine with { Kind = kind } }, catalog);
        using var source = new TraceTrafficSource(setup.OpenTrace(), setup.TraceName);
        var metrics = new RunMetrics(setup.Metrics);
        using var sink = new HashingSink();
        var rows = new RequestsCsvWriter(sink);
        var result = setup.CreateRun(source, new CompositeObserver(metrics, rows)).Execute();
        rows.Complete();
        var summary = metrics.Summarize();
        return new WholeRun(
            (Environment.CpuUsage.TotalTime - cpu).TotalSeconds,
            Stopwatch.GetElapsedTime(clock).TotalSeconds,
            result.Arrived,
            summary.Iterations.Count,
            summary.Tokens.Output,
            sink.PeakHeapBytes,
            sink.Hash);
    }
}
