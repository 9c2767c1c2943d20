using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one observation of the metrics, once their distributions are sketches.</summary>
public class MetricsBench
{
    private readonly RunMetrics _metrics = new(new MetricsOptions { TotalBlocks = 1000, Instances = 1 });
    private long _now = 1_000_000_000;
    private long _number;

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < 100_000; i++)
        {
            Gap();
            Iteration();
            Ended();
        }
    }

    [Benchmark(Description = "token gaps of a batch")]
    public void Gap() => _metrics.OnTokenGaps(new SimDuration(8_000_000 + (_now % 1_000_003)), 64);

    [Benchmark(Description = "iteration")]
    public void Iteration()
    {
        var start = new SimTime(_now);
        _now += 8_000_000 + (_now % 1_000_003);
        _metrics.OnIteration(new IterationRecord
        {
            Instance = 0, Start = start, End = new SimTime(_now), PrefillTokens = 0, PrefillSequences = 0, DecodeSequences = 64, EmittedTokens = 64,
            UsedBlocks = 500, WaitingRequests = 0, Preemptions = 0, SwappedBytes = 0,
        });
    }

    [Benchmark(Description = "request ended")]
    public void Ended() => _metrics.OnRequestEnded(Fixtures.Ended(_number++, _now));
}
