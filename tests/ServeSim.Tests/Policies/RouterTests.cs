using ServeSim.Abstractions;
using ServeSim.Policies.Routing;

namespace ServeSim.Tests.Policies;

public sealed class RouterTests
{
    private readonly Views _views = new();

    [Fact]
    public void Round_robin_takes_turns_and_begins_with_the_first()
    {
        var router = new RoundRobinRouter();
        Assert.Equal([0, 1, 2, 0, 1], Enumerable.Range(0, 5).Select(_ => _views.Route(router, new InstanceSignals[3])));
    }

    [Fact]
    public void Round_robin_keeps_its_counter_when_the_number_of_instances_changes()
    {
        var router = new RoundRobinRouter();
        for (var i = 0; i < 5; i++) _views.Route(router, new InstanceSignals[3]);
        Assert.Equal(1, _views.Route(router, new InstanceSignals[2]));
    }

    [Fact]
    public void Least_outstanding_takes_the_first_of_equals() =>
        Assert.Equal(1, _views.Route(new LeastOutstandingRouter(), Views.Load(3), Views.Load(1), Views.Load(1)));

    [Fact]
    public void Least_tokens_breaks_ties_by_requests_and_then_by_number()
    {
        var router = new LeastTokensRouter();
        Assert.Equal(0, _views.Route(router, Views.Load(9, 10), Views.Load(1, 20), Views.Load(1, 20)));
        Assert.Equal(2, _views.Route(router, Views.Load(4, 10), Views.Load(3, 10), Views.Load(2, 10)));
        Assert.Equal(1, _views.Route(router, Views.Load(4, 10), Views.Load(2, 10), Views.Load(2, 10)));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(64), InlineData(100)]
    public void An_order_kept_while_loads_change_names_the_instance_that_a_scan_finds(int instances)
    {
        var random = new RandomStream(7, "loads");
        var signals = new InstanceSignals[instances];
        var orders = new LoadOrders(signals);
        foreach (var by in (OutstandingLoad[])[OutstandingLoad.Requests, OutstandingLoad.PrefillTokens])
        {
            for (var i = 0; i < 2000; i++)
            {
                Assert.Equal(new ClusterView(SimTime.Zero, signals).Least(by), new ClusterView(SimTime.Zero, signals, orders).Least(by));
                var changed = random.NextInt(instances);
                signals[changed].OutstandingRequests = random.NextInt(4);    // few values, so that many are equal
                signals[changed].OutstandingPrefillTokens = random.NextInt(4);
                orders.Update(changed);
            }
        }
    }

    [Fact]
    public void Random_reaches_every_instance_and_follows_its_stream()
    {
        var first = Draw(new RandomRouter(new(7, "router")));
        Assert.Equal(first, Draw(new RandomRouter(new(7, "router"))));
        Assert.All([0, 1, 2], instance => Assert.InRange(first.Count(i => i == instance), 70, 130));
    }

    private int[] Draw(RandomRouter router) => [.. Enumerable.Range(0, 300).Select(_ => _views.Route(router, new InstanceSignals[3]))];

    [Theory, InlineData(PowerOfTwoSignal.KvUsage), InlineData(PowerOfTwoSignal.Outstanding)]
    public void Power_of_two_never_takes_the_most_loaded_and_mostly_the_least(PowerOfTwoSignal signal)
    {
        var router = new PowerOfTwoRouter(new(signal), new(7, "router"));
        var count = new int[3];
        for (var i = 0; i < 300; i++) count[_views.Route(router, Views.Load(5, 0, 0.5), Views.Load(1, 0, 0.1), Views.Load(9, 0, 0.9))]++;
        Assert.Equal(0, count[2]);
        Assert.InRange(count[1], 170, 230);    // two of three pairs hold it
    }

    [Fact]
    public void Power_of_two_draws_two_different_instances_and_keeps_the_first_of_equals()
    {
        var stream = new RandomStream(7, "router");
        var router = new PowerOfTwoRouter(new(), new(7, "router"));
        for (var i = 0; i < 100; i++)
        {
            var first = stream.NextInt(4);
            stream.NextInt(3);
            Assert.Equal(first, _views.Route(router, new InstanceSignals[4]));
        }

        Assert.Equal(0, _views.Route(router, new InstanceSignals[1]));
    }
}
