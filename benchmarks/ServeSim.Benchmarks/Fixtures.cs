using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Routing;

namespace ServeSim.Benchmarks;

/// <summary>Runs of the size that people simulate.</summary>
internal static class Fixtures
{
    public static ICostModel Cost { get; } = CostModelFactory.Create(
        "roofline", ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);

    /// <summary>KV blocks that the model leaves on the GPU.</summary>
    public const int Blocks = 26_312;

    public static SimulationRun Run(EngineKind kind, IEnumerable<RequestSpec> requests, int totalBlocks, IRunObserver observer, IBatchPolicy? policy = null) => new(
        new EngineOptions { TotalBlocks = totalBlocks, Kind = kind },
        new EnumerableSource(requests),
        Cost,
        new NamedPolicies("policy", _ => policy ?? new SarathiPolicy(new SarathiOptions(MaxSequences: 1024)), "round-robin", new RoundRobinRouter()),
        observer);

    /// <summary>Poisson arrivals of chat-like requests.</summary>
    public static IEnumerable<RequestSpec> Chat(int count, double perSecond)
    {
        var random = new RandomStream(1, "benchmark");
        double time = 0;
        for (var i = 0; i < count; i++)
        {
            time += random.NextExponential() / perSecond;
            yield return new RequestSpec
            {
                Arrival = SimTime.FromSeconds(time),
                InputTokens = 1 + (int)(1200 * random.NextExponential()),
                OutputTokens = 1 + (int)(220 * random.NextExponential()),
            };
        }
    }

    /// <summary>A request that has ended, different from its neighbours.</summary>
    public static RequestRecord Ended(long number, long now) => new()
    {
        Number = number,
        Id = null,
        Outcome = RequestOutcome.Finished,
        Arrival = new SimTime(now),
        InputTokens = 1000,
        OutputTokens = 200,
        GeneratedTokens = 200,
        Instance = 0,
        Scheduled = new SimTime(now + 1_000_000 + (number % 1009)),
        FirstToken = new SimTime(now + 40_000_000 + (number % 10_007)),
        Finished = new SimTime(now + 2_000_000_000 + (number % 100_003)),
        MaxTbt = new SimDuration(20_000_000),
        OnTimeTokens = 200,
        Slo = SloLimits.None,
    };

    internal sealed class Silent : IRunObserver
    {
        public bool NeedsTimeOrder => false;

        public void OnDecodeRun(in DecodeRun run) { }
    }

    internal sealed class EnumerableSource(IEnumerable<RequestSpec> requests) : ITrafficSource
    {
        private readonly IEnumerator<RequestSpec> _next = Started(requests);
        private bool _hasNext = true;

        public SimTime NextArrival => _hasNext ? _next.Current.Arrival : SimTime.Never;

        public RequestSpec Take()
        {
            var request = _next.Current;
            _hasNext = _next.MoveNext();
            return request;
        }

        private static IEnumerator<RequestSpec> Started(IEnumerable<RequestSpec> requests)
        {
            var enumerator = requests.GetEnumerator();
            enumerator.MoveNext();
            return enumerator;
        }
    }
}
