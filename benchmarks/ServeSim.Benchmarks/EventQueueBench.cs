using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.Engine.Events;

namespace ServeSim.Benchmarks;

/// <summary>One operation takes the next event and puts one in at a random later time, as an instance that ends an iteration does.</summary>
public class EventQueueBench
{
    private readonly EventQueue _queue = new();
    private readonly RandomStream _random = new(1, "benchmark");

    [Params(8, 64, 1024)]
    public int Events { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        while (_queue.TryPop(out _)) { }
        for (var i = 0; i < Events; i++) _queue.Push(new SimTime(_random.NextInt(20_000_000)), EventRank.IterationEnd, i);
    }

    [Benchmark(Description = "event out and in")]
    public int OutAndIn()
    {
        _queue.TryPop(out var next);
        _queue.Push(new SimTime(next.Time.Nanoseconds + 5_000_000 + _random.NextInt(20_000_000)), EventRank.IterationEnd, next.Target);
        return _queue.Count;
    }
}
