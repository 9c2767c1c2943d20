using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.Engine;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one decode iteration of a batch that never ends: plan, commit, cost, complete. It must allocate nothing.</summary>
public class DecodeLoopBench
{
    private const int Iterations = 1000;
    private const int LongestRun = 100_000;    // with contexts of millions an iteration lasts seconds, and a tape holds few of them
    private SimulationRun _run = null!;
    private int _iterations;

    [Params(EngineKind.Plain, EngineKind.Fast)]
    public EngineKind Engine { get; set; }

    [Params(1, 16, 64, 256)]
    public int BatchSize { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var endless = Enumerable.Repeat(new RequestSpec { Arrival = SimTime.Zero, InputTokens = 500, OutputTokens = 1_000_000_000 }, BatchSize);
        _run = Fixtures.Run(Engine, endless, int.MaxValue / 2, new Fixtures.Silent());
        _run.Advance(5000 + BatchSize);
        _iterations = 0;
    }

    [Benchmark(OperationsPerInvoke = Iterations, Description = "decode iteration")]
    public void Decode()
    {
        _iterations += Iterations;
        if (_iterations > LongestRun) Fill();
        _run.Advance(Iterations);
    }
}
