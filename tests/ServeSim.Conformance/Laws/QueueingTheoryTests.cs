using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Routing;

namespace ServeSim.Conformance.Laws;

/// <summary>One server, one request at a time: the simulated waiting time is the one that theory gives.</summary>
public sealed class QueueingTheoryTests
{
    private const int Requests = 60_000;
    private const int Runs = 10;
    private const double MeanServiceSeconds = 1;

    public static TheoryData<string, double> Queues => new()
    {
        { "M/D/1", 0.5 },
        { "M/D/1", 0.8 },
        { "M/M/1", 0.5 },
        { "M/M/1", 0.8 },
    };

    [Theory, MemberData(nameof(Queues))]
    public void The_mean_wait_is_that_of_the_Pollaczek_Khinchine_formula(string queue, double load)
    {
        var isExponential = queue == "M/M/1";
        var means = Enumerable.Range(1, Runs).Select(seed => MeanWait(seed, load, isExponential)).ToList();
        var variability = isExponential ? 1.0 : 0.0;
        var expected = load / (1 - load) * (1 + variability) / 2 * MeanServiceSeconds;

        var mean = means.Average();
        var error = Math.Sqrt(means.Sum(m => (m - mean) * (m - mean)) / (Runs - 1) / Runs);
        Assert.True(Math.Abs(mean - expected) < 4 * error + (0.002 * expected), $"{queue} at {load}: {mean:F4} s (±{error:F4}) instead of {expected:F4} s");
        Assert.True(error < 0.03 * expected, "too noisy to say anything");
    }

    private static double MeanWait(int seed, double load, bool isExponential)
    {
        var arrivals = new RandomStream((ulong)seed, "arrival");
        var services = new RandomStream((ulong)seed, "service");
        double time = 0;
        const int MeanTokens = 100_000;    // a prompt token takes 10 microseconds
        var requests = Enumerable.Range(0, Requests).Select(_ => new RequestSpec
        {
            Arrival = SimTime.FromSeconds(time += arrivals.NextExponential() * MeanServiceSeconds / load),
            InputTokens = isExponential ? Math.Max(1, (int)(services.NextExponential() * MeanTokens)) : MeanTokens,
            OutputTokens = 1,
        }).ToList();
        var seen = new RecordingObserver();
        new SimulationRun(
            new EngineOptions { TotalBlocks = 3_000_000, BlockSize = 1 },
            new ListSource(requests),
            new FormulaCost(0, MeanServiceSeconds * 1000 / MeanTokens),
            new("orca", _ => new OrcaPolicy(new OrcaOptions(1, 2_500_000)), "single", new RoundRobinRouter()),
            seen).Execute();
        return seen.Requests.Average(r => (r.Scheduled!.Value - r.Arrival).Seconds);
    }
}
