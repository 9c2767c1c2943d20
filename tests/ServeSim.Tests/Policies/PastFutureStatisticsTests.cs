using System.Collections.Concurrent;
using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Policies.Batching;
using Xunit.Abstractions;

namespace ServeSim.Tests.Policies;

/// <summary>
/// The published simulators' statistics on three length distributions, through the engine: 120,000 KV tokens, a round every 10 decode steps.
/// The suite takes two random streams; <c>SERVESIM_PAST_FUTURE_RUNS=5</c> asks for more. Fewer requests would show mostly how the window fills.
/// </summary>
public sealed class PastFutureStatisticsTests(ITestOutputHelper output)
{
    private const int Capacity = 120_000;
    private const int Longest = 4096;
    private static readonly int Requests = Setting("SERVESIM_PAST_FUTURE_REQUESTS", 3000);
    private static readonly int Runs = Setting("SERVESIM_PAST_FUTURE_RUNS", 2);
    private static readonly ICostModel Cost = new RunSetup(new() { Model = "llama-2-7b", Gpu = "a100-80-sxm" }, PolicyCatalog.Load()).Cost;
    private static readonly string[] Policies = ["aggressive", "conservative", "past-future", "optimum"];

    private static readonly ConcurrentDictionary<int, Lazy<Dictionary<string, Mean>>> Known = new();

    private Dictionary<string, Mean> Of(int distribution)
    {
        var means = Known.GetOrAdd(distribution, d => new(() => Policies.ToDictionary(p => p, p => Mean.Of(Enumerable.Range(1, Runs).Select(seed => Run(p, d, (ulong)seed)).ToList())))).Value;
        foreach (var (policy, mean) in means) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"D{distribution} {policy}: {mean}"));
        return means;
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Check_6a_past_future_needs_hardly_more_decode_steps_than_the_optimum_and_the_conservative_rule_a_quarter_more(int distribution)
    {
        var of = Of(distribution);
        Assert.InRange(of["past-future"].Steps / of["optimum"].Steps, 0.99, 1.05);
        Assert.True(of["conservative"].Steps / of["optimum"].Steps >= 1.25);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Check_6b_the_aggressive_rule_needs_fewer_steps_only_because_recompute_is_not_counted(int distribution)
    {
        var of = Of(distribution);
        Assert.InRange(of["aggressive"].Steps / of["optimum"].Steps, 0.94, 0.99);
        if (distribution == 3) return;
        Assert.True(of["aggressive"].Seconds > of["optimum"].Seconds);
        Assert.True(of["aggressive"].Seconds > of["past-future"].Seconds);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Check_6c_only_aggressive_admission_evicts_much(int distribution)
    {
        var of = Of(distribution);
        Assert.Equal((0.0, 0.0), (of["conservative"].EvictedPercent, of["optimum"].EvictedPercent));
        Assert.InRange(of["past-future"].EvictedPercent, 0.5, 12);
        Assert.InRange(of["aggressive"].EvictedPercent, distribution == 3 ? 28 : 85, distribution == 3 ? 40 : 110);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Check_6d_memory_is_used_nearly_in_full_by_all_but_the_conservative_rule(int distribution)
    {
        var of = Of(distribution);
        Assert.InRange(of["past-future"].MemoryPercent, 91.7, 94.7);
        Assert.InRange(of["aggressive"].MemoryPercent, 97.8, 98.5);
        Assert.InRange(of["conservative"].MemoryPercent, 57, 72);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Check_6e_after_a_round_only_the_aggressive_rule_is_bound_to_pass_the_capacity(int distribution)
    {
        var of = Of(distribution);
        Assert.InRange(of["aggressive"].PeakPercent, 100.2, 104);
        Assert.InRange(of["past-future"].PeakPercent, 96.5, 98);
    }

    private static StandAloneLoop Run(string policy, int distribution, ulong seed)
    {
        var lengths = new RandomStream(seed, $"lengths/{distribution}");
        var ((promptLow, promptHigh), (outputLow, outputHigh)) = distribution switch
        {
            1 => ((32, 4096), (2048, 4096)),
            2 => ((3000, 5000), (3000, 5000)),
            _ => ((2048, 4096), (32, 4096)),
        };
        int Draw(int low, int high) => low + lengths.NextInt(high - low + 1);
        var requests = Enumerable.Range(0, Requests).Select(_ => (Draw(promptLow, promptHigh), Draw(outputLow, outputHigh))).ToList();
        return StandAloneLoop.Run(Make(policy, seed), requests, Capacity, kind: EngineKind.Fast, cost: Cost);
    }

    // Outputs are one token longer here than there (StandAloneLoop), and so are the lengths that a policy assumes.
    private static IntervalPolicy Make(string policy, ulong seed) => policy switch
    {
        "aggressive" => new AggressivePolicy(StandAloneLoop.With(new AggressiveOptions(), Capacity)),
        "conservative" => new ConservativePolicy(StandAloneLoop.With(new ConservativeOptions(Longest), Capacity)),
        "past-future" => new PastFuturePolicy(StandAloneLoop.With(new PastFutureOptions(FillTokens: 513, MaxNewTokens: Longest + 1, Requeued: RequeuedDraw.Remaining), Capacity),
            new(seed, "policy/0")),
        _ => new OptimumPolicy(StandAloneLoop.With(new OptimumOptions(), Capacity), new TrueLengths()),
    };

    private static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), out var given) ? given : usual;

    private sealed record Mean(double Steps, double Seconds, double MemoryPercent, double PeakPercent, double EvictedPercent)
    {
        public static Mean Of(List<StandAloneLoop> runs) =>
            new(runs.Average(r => r.DecodeSteps), runs.Average(r => r.StoppedAt.Seconds), runs.Average(r => r.MemoryPercent), runs.Average(r => r.PeakPercent), runs.Average(r => r.EvictedPercent));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Steps:F0} steps, {Seconds:F0} s on an A100, memory {MemoryPercent:F2} %, true peak {PeakPercent:F2} %, evicted {EvictedPercent:F2} %");
    }
}
