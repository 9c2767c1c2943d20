using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.Policies.Routing;

namespace ServeSim.Benchmarks;

/// <summary>One operation is one decision over instances with random load.</summary>
public class RouterBench
{
    private readonly RequestTable _table = new();
    private InstanceSignals[] _signals = [];
    private LoadOrders _orders = null!;
    private int _load;
    private IRouterPolicy _router = null!;
    private int _row;

    [Params("round-robin", "random", "least-outstanding", "least-tokens", "power-of-two")]
    public string Router { get; set; } = "";

    [Params(8, 64, 1024)]
    public int Instances { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var random = new RandomStream(1, "benchmark");
        _router = Router switch
        {
            "round-robin" => new RoundRobinRouter(),
            "random" => new RandomRouter(random),
            "least-outstanding" => new LeastOutstandingRouter(),
            "least-tokens" => new LeastTokensRouter(),
            _ => new PowerOfTwoRouter(new PowerOfTwoOptions(), random),
        };
        _row = _table.Add(0, new RequestSpec { Arrival = SimTime.Zero, InputTokens = 100, OutputTokens = 10 });
        _signals = new InstanceSignals[Instances];
        foreach (ref var signals in _signals.AsSpan())
        {
            signals.OutstandingRequests = 4 + random.NextInt(40);
            signals.OutstandingPrefillTokens = 100 * random.NextInt(40);
        }

        _orders = new(_signals);
    }

    /// <summary>The chosen instance takes the request and another one gives one away, as in a cluster of steady load.</summary>
    [Benchmark(Description = "router choice")]
    public int Choose()
    {
        var chosen = _router.Route(new RequestView(_table, _row), new ClusterView(SimTime.Zero, _signals, _orders)).Instance;
        Change(chosen, +1);
        Change(_load = (_load + 37) % Instances, -1);
        return chosen;
    }

    private void Change(int instance, int requests)
    {
        _signals[instance].OutstandingRequests += requests;
        _signals[instance].OutstandingPrefillTokens += 100 * requests;
        _orders.Update(instance);
    }
}
