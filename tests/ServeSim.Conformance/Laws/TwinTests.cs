using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Conformance.Support;
using ServeSim.Engine;
using ServeSim.Engine.Events;
using ServeSim.Policies.Batching;
using ServeSim.Reporting;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;

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
            Compare(world, $"{policy}, {router}, case {seed}", (w, o) => Lab.Run(w, policy, router, options: options, observer: o));
        }
    }

    /// <summary>Otherwise the comparison would be one of the plain executor with itself.</summary>
    [Theory]
    [InlineData("edf"), InlineData("fcfs"), InlineData("lightllm"), InlineData("orca"), InlineData("reverse"), InlineData("sarathi"), InlineData("sglang")]
    [InlineData("sjf"), InlineData("srpt"), InlineData("static"), InlineData("vllm"), InlineData("vllm-v1")]
    [InlineData("vtc"), InlineData("drr"), InlineData("uwfq"), InlineData("rpm"), InlineData("jitserve"), InlineData("attained-service")]
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
            if (Compare(world, $"mixed verbs, case {seed}", (w, o) => Lab.Run(w, Lab.Named("mixed", i => new MixedVerbsPolicy((ulong)seed, i)), observer: o))) ended++;
        }

        Assert.True(ended > CasesPerPolicy, $"only {ended} cases ended without a fault");
    }

    /// <summary>Load signals and progress of requests are the truth whenever a router looks, also where an instance has run ahead.</summary>
    [Fact]
    public void A_router_sees_the_same_in_both()
    {
        for (var seed = 0; seed < 3 * CasesPerPolicy; seed++)
        {
            var world = TwinCase.Make(seed);
            List<long>[] looks = [[], [], []];
            var next = 0;
            Compare(world, $"peeking router, case {seed}", (w, o) => Lab.Run(
                w, new NamedPolicies("fcfs", _ => new FcfsPolicy(new FcfsOptions()), "peeking", new PeekingRouter((ulong)seed, looks[next++])), observer: o));
            Assert.Equal(looks[0], looks[1]);
            Assert.Equal(looks[0], looks[2]);
        }
    }

    private sealed class PeekingRouter(ulong seed, List<long> looks) : IRouterPolicy
    {
        private readonly RandomStream _random = new(seed, "peeking");
        private readonly List<RequestView> _known = [];

        public RouteDecision Route(in RequestView request, in ClusterView cluster)
        {
            _known.Add(request);
            for (var i = 0; i < cluster.Count; i++)
            {
                if (_random.NextInt(3) == 0) continue;
                var signals = cluster[i];
                looks.AddRange([signals.WaitingRequests, signals.RunningRequests, BitConverter.DoubleToInt64Bits(signals.KvUsage), signals.TakenAt.Nanoseconds, signals.OutstandingRequests]);
            }

            RequireOrder(cluster);
            foreach (var known in _known)
            {
                if (!known.IsLive || _random.NextInt(3) == 0) continue;
                looks.AddRange([known.GeneratedTokens, known.OnTimeTokens, known.OwnedBlocks, known.FirstTokenAt.Nanoseconds, known.LastTokenAt.Nanoseconds, known.IsInFlight ? 1 : 0]);
            }

            return RouteDecision.To((int)((looks.Count > 0 ? looks[^1] & 7 : 0) + _known.Count) % cluster.Count);
        }

        /// <summary>The order that the gateway keeps names the instance that a look at all of them finds.</summary>
        private static void RequireOrder(in ClusterView cluster)
        {
            var (fewest, lightest) = (0, 0);
            for (var i = 1; i < cluster.Count; i++)
            {
                if (cluster[i].OutstandingRequests < cluster[fewest].OutstandingRequests) fewest = i;
                if ((cluster[i].OutstandingPrefillTokens, cluster[i].OutstandingRequests).CompareTo(
                    (cluster[lightest].OutstandingPrefillTokens, cluster[lightest].OutstandingRequests)) < 0) lightest = i;
            }

            Assert.Equal(fewest, cluster.Least(OutstandingLoad.Requests));
            Assert.Equal(lightest, cluster.Least(OutstandingLoad.PrefillTokens));
        }
    }

    private static bool Compare(RandomCase world, string because, Execution run)
    {
        var plain = Attempt(world, EngineKind.Plain, true, run);
        var ended = Compare(plain, Attempt(world, EngineKind.Fast, true, run), because);
        Compare(plain, Attempt(world, EngineKind.Fast, false, run), $"{because}, order free");
        return ended;
    }

    private static bool Compare(Outcome plain, Outcome fast, string because)
    {
        Assert.True(plain.Fault == fast.Fault, $"{because}: \"{plain.Fault}\" became \"{fast.Fault}\"");
        if (plain.Seen is not { } expected || fast.Seen is not { } seen) return false;
        if (seen.NeedsTimeOrder)
        {
            Same(expected.Iterations, seen.Iterations, because);
            Same(expected.Gaps, seen.Gaps, because);
        }
        else
        {
            Same(Sorted(expected.Iterations), Sorted(seen.Iterations), because);
            Same(Sorted(expected.Gaps), Sorted(seen.Gaps), because);
        }

        Same(expected.Requests, seen.Requests, because);
        Same(expected.Arrivals, seen.Arrivals, because);
        Assert.True(plain.Summary == fast.Summary, $"{because}: {plain.Summary} became {fast.Summary}");
        Assert.True(plain.Result == fast.Result, $"{because}: {plain.Result} became {fast.Result}");
        return true;
    }

    private static Outcome Attempt(RandomCase world, EngineKind kind, bool needsTimeOrder, Execution run)
    {
        var seen = new RecordingObserver(needsTimeOrder);
        var metrics = new RunMetrics(new MetricsOptions
        {
            Instances = world.Options.Instances,
            TotalBlocks = world.Options.TotalBlocks,
            WarmupRequests = world.Seed % 3 * 5,
            Energy = new EnergyOptions { Power = new UnevenPower(), GpusPerInstance = world.Cost.PipelineStages, PipelineStages = world.Cost.PipelineStages },
        });
        try
        {
            var (result, _) = run(world with { Options = world.Options with { Kind = kind } }, new CompositeObserver(seen, metrics));
            return new(result, seen, JsonSerializer.Serialize(metrics.Summarize()), null);
        }
        catch (PolicyFault fault)
        {
            return new(null, null, null, fault.Message);
        }
    }

    private static List<IterationRecord> Sorted(List<IterationRecord> iterations) => [.. iterations.OrderBy(i => i.End).ThenBy(i => i.Instance)];

    private static List<(int Instance, SimTime End, string)> Sorted(List<(int Instance, SimTime End, string)> gaps) => [.. gaps.OrderBy(g => g.End).ThenBy(g => g.Instance)];

    private delegate (RunResult Result, RecordingObserver Seen) Execution(RandomCase world, IRunObserver observer);

    private sealed record Outcome(RunResult? Result, RecordingObserver? Seen, string? Summary, string? Fault);

    /// <summary>Watts that no two iterations share, so that an energy in a wrong order or place shows.</summary>
    private sealed class UnevenPower : IPowerModel
    {
        public PowerModelInfo Info { get; } = new("uneven", "test", "none", []);

        public double RestWatts(PowerState state) => 61.3;

        public double BusyWatts(in IterationRecord iteration) => 100 + Math.Sqrt(iteration.DecodeContextTokens + (7.7 * iteration.UsedBlocks) + iteration.PrefillTokens);
    }

    private static void Same<T>(List<T> expected, List<T> actual, string because)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
            Assert.True(EqualityComparer<T>.Default.Equals(expected[i], actual[i]), $"{because}, {typeof(T).Name} {i}: {expected[i]} became {actual[i]}");
        Assert.True(expected.Count == actual.Count, $"{because}: {expected.Count} became {actual.Count} of {typeof(T).Name}");
    }
}
