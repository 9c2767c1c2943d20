using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.Engine;

namespace ServeSim.Benchmarks;

/// <summary>
/// Plan and commit, measured through what they decide. <c>Replanned</c> asks the policy before every decode iteration, as a plan
/// that is never held does. <c>Churned</c> is the whole life of a request with one prompt chunk and one further token: two
/// plans, commits and iterations, an arrival and an end.
/// </summary>
public class PlanBench
{
    private const int Iterations = 1000;
    private SimulationRun _run = null!;
    private long _iterations;

    [Params(EngineKind.Plain, EngineKind.Fast)]
    public EngineKind Engine { get; set; }

    [Params(1, 64)]
    public int BatchSize { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var endless = Enumerable.Repeat(new RequestSpec { Arrival = SimTime.Zero, InputTokens = 500, OutputTokens = 1_000_000_000 }, BatchSize);
        _run = Fixtures.Run(Engine, endless, int.MaxValue / 2, new Fixtures.Silent(), new AskedEachTime());
        _run.Advance(5000 + BatchSize);
        _iterations = 0;
    }

    [Benchmark(OperationsPerInvoke = Iterations, Description = "planned decode iteration")]
    public void Replanned()
    {
        _iterations += Iterations;
        if (_iterations > 4_000_000) Fill();    // before contexts of millions of tokens use up the simulated time
        _run.Advance(Iterations);
    }

    [Benchmark(OperationsPerInvoke = Iterations, Description = "short request")]
    public RunResult Churned() => Fixtures.Run(Engine, Short(), Fixtures.Blocks, new Fixtures.Silent(), new AskedEachTime()).Execute();

    private IEnumerable<RequestSpec> Short()
    {
        for (var i = 0; i < Iterations; i++)
            yield return new RequestSpec { Arrival = SimTime.FromSeconds(i / BatchSize * 0.1), InputTokens = 50, OutputTokens = 2 };
    }

    /// <summary>Decodes everybody, then admits; makes no promise about the next plan.</summary>
    private sealed class AskedEachTime : IBatchPolicy
    {
        public void Plan(in InstanceView view, BatchPlan plan)
        {
            plan.TryDecodeAll();
            foreach (var request in view.Waiting)
                if (plan.TryPrefill(request, request.InputTokens) == 0) break;
        }
    }
}
