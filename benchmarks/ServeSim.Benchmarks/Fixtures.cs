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
        "roofline:f2", ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);

    /// <summary>KV blocks that the model leaves on the GPU.</summary>
    public const int Blocks = 26_312;

    public static SimulationRun Run(EngineKind kind, IEnumerable<RequestSpec> requests, int totalBlocks, IRunObserver observer) => new(
        new EngineOptions { TotalBlocks = totalBlocks, Kind = kind },
        new EnumerableSource(requests),
        Cost,
        new NamedPolicies("sarathi", _ => new SarathiPolicy(new SarathiOptions(MaxSequences: 1024)), "round-robin", new RoundRobinRouter()),
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

    internal sealed class Silent : IRunObserver
    {
        public bool NeedsTimeOrder => false;
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
