using ServeSim.Abstractions;
using ServeSim.Engine.Events;

namespace ServeSim.Conformance.Laws;

/// <summary>Events come out by time, then rank, then the order in which they were pushed.</summary>
public sealed class EventOrderTests
{
    [Fact]
    public void Equal_times_come_by_rank_and_equal_ranks_by_insertion()
    {
        var random = new RandomStream(7, "events");
        for (var round = 0; round < 200; round++)
        {
            var queue = new EventQueue();
            var pushed = Enumerable.Range(0, random.NextInt(200)).Select(i => new SimEvent(new(random.NextInt(5)), (EventRank)random.NextInt(5), i)).ToList();
            foreach (var e in pushed) queue.Push(e.Time, e.Rank, e.Target);
            var popped = new List<SimEvent>();
            while (queue.TryPop(out var e)) popped.Add(e);
            Assert.Equal(pushed.OrderBy(e => e.Time).ThenBy(e => e.Rank).ThenBy(e => e.Target), popped);
        }
    }

    [Fact]
    public void Inside_an_instant_ends_come_before_arrivals_and_wakes_before_polls() =>
        Assert.Equal(["TransferEnd", "IterationEnd", "GiveUp", "Arrival", "Wake", "Control"], Enum.GetNames<EventRank>());
}
