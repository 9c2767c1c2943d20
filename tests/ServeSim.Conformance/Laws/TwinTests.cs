using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Engine.Events;

namespace ServeSim.Conformance.Laws;

/// <summary>
/// The fast executor says what the plain one says, call for call: requests, iterations, token gaps and fingerprint, in
/// random cases with tiny KV, and also when the horizon cuts the run. <c>SERVESIM_TWIN_CASES</c> asks for more cases per policy.
/// </summary>
public sealed class TwinTests
{
    private static readonly int CasesPerPolicy =
        int.TryParse(Environment.GetEnvironmentVariable("SERVESIM_TWIN_CASES"), out var cases) ? cases : 150;

    public static TheoryData<string> Policies => [.. Lab.Policies];

    [Theory, MemberData(nameof(Policies))]
    public void The_fast_executor_gives_what_the_plain_one_gives(string policy)
    {
        for (var seed = 0; seed < CasesPerPolicy; seed++)
        {
            var world = TwinCase.Make(seed);
            var options = TwinCase.OptionsFor(policy, world);
            var router = Lab.Routers[seed % Lab.Routers.Count];
            Compare(world, $"{policy}, {router}, case {seed}", w => Lab.Run(w, policy, router, options: options));
        }
    }

    /// <summary>Otherwise the comparison would be one of the plain executor with itself.</summary>
    [Theory]
    [InlineData("fcfs"), InlineData("reverse"), InlineData("sarathi"), InlineData("vllm"), InlineData("vllm-v1")]
    [InlineData("vtc"), InlineData("drr"), InlineData("uwfq"), InlineData("rpm")]
    public void The_fast_executor_handles_fewer_events(string policy)
    {
        var requests = Enumerable.Range(0, 20).Select(i => new RequestSpec { Arrival = SimTime.FromSeconds(0.1 * i), InputTokens = 50 + i, OutputTokens = 100 + (7 * i) });
        var world = RandomCase.Make(1) with { Requests = requests.ToList(), Options = new EngineOptions { TotalBlocks = 1000 }, Cost = new FormulaCost(5, 0.05, 0.03, 0.00025) };
        Assert.True(2 * Events(EngineKind.Fast) < Events(EngineKind.Plain));

        int Events(EngineKind kind)
        {
            var tap = new CountingTap();
            Lab.Run(world with { Options = world.Options with { Kind = kind } }, policy, "round-robin", tap: tap);
            return tap.Count;
        }
    }

    private sealed class CountingTap : IEventTap
    {
        public int Count { get; private set; }

        public void OnEvent(in SimEvent handled, ulong digest) => Count++;
    }

    /// <summary>Plans that mix the short cuts with verbs that take single requests out of the cohort.</summary>
    [Fact]
    public void Verbs_in_any_order_mean_the_same_to_both()
    {
        var ended = 0;
        for (var seed = 0; seed < 10 * CasesPerPolicy; seed++)
        {
            var world = TwinCase.Make(seed);
            world = world with { Options = world.Options with { LivelockLimit = 300 } };
            if (Compare(world, $"mixed verbs, case {seed}", w => Lab.Run(w, Lab.Named("mixed", i => new MixedVerbsPolicy((ulong)seed, i))))) ended++;
        }

        Assert.True(ended > CasesPerPolicy, $"only {ended} cases ended without a fault");
    }

    private static bool Compare(RandomCase world, string because, Func<RandomCase, (RunResult, RecordingObserver)> run)
    {
        var plain = Attempt(world, EngineKind.Plain, run);
        var fast = Attempt(world, EngineKind.Fast, run);
        Assert.True(plain.Fault == fast.Fault, $"{because}: \"{plain.Fault}\" became \"{fast.Fault}\"");
        if (plain.Seen is not { } expected || fast.Seen is not { } seen) return false;
        Same(expected.Iterations, seen.Iterations, because);
        Same(expected.Requests, seen.Requests, because);
        Same(expected.Gaps, seen.Gaps, because);
        Same(expected.Arrivals, seen.Arrivals, because);
        Assert.True(plain.Result == fast.Result, $"{because}: {plain.Result} became {fast.Result}");
        return true;
    }

    private static (RunResult? Result, RecordingObserver? Seen, string? Fault) Attempt(
        RandomCase world, EngineKind kind, Func<RandomCase, (RunResult, RecordingObserver)> run)
    {
        try
        {
            var (result, seen) = run(world with { Options = world.Options with { Kind = kind } });
            return (result, seen, null);
        }
        catch (PolicyFault fault)
        {
            return (null, null, fault.Message);
        }
    }

    private static void Same<T>(List<T> expected, List<T> actual, string because)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
            Assert.True(EqualityComparer<T>.Default.Equals(expected[i], actual[i]), $"{because}, {typeof(T).Name} {i}: {expected[i]} became {actual[i]}");
        Assert.True(expected.Count == actual.Count, $"{because}: {expected.Count} became {actual.Count} of {typeof(T).Name}");
    }
}
