using ServeSim.Abstractions;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Tests.Workloads;

public sealed class SyntheticWorkloadTests
{
    public static TheoryData<string, double, int, int> Lengths => new()
    {
        { "constant:7", 7, 7, 7 },
        { "uniform:10,20", 15, 10, 20 },
        { "exponential:1000", 1000, 1, int.MaxValue },
        { "lognormal:500,sigma=0.5", 500 * 1.1331485, 1, int.MaxValue },
        { "lognormal:500,566.57", 566.57, 1, int.MaxValue },
        { "uniform:10..20", 15, 10, 20 },
        { "uniform:10,20@15..30", 17.5, 15, 20 },
        { "constant:7@100..200", 100, 100, 100 },
    };

    [Theory, MemberData(nameof(Lengths))]
    public void Lengths_have_the_mean_and_range_of_their_distribution(string text, double mean, int least, int most)
    {
        var random = new RandomStream(1, "test");
        var draw = LengthSpec.Parse(text).Start(random);
        var drawn = Enumerable.Range(0, 20_000).Select(_ => draw()).ToList();
        Assert.InRange(drawn.Average(), 0.97 * mean, 1.03 * mean);
        Assert.True(drawn.Min() >= least && drawn.Max() <= most);
    }

    [Theory]
    [InlineData("normal:3", "did you mean"), InlineData("uniform:5", "give uniform:A..B"), InlineData("uniform:5,3", "range is empty"), InlineData("lognormal:900,0.8", "sigma=S"), InlineData("lognormal:900,sigma=9", "from 0 to 5")]
    [InlineData("constant:0", "from 1"), InlineData("constant:1.5", "whole numbers"), InlineData("constant:5@9..3", "from 9"), InlineData("constant:5@9", "a range is")]
    public void A_length_that_cannot_be_read_says_why(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => LengthSpec.Parse(text)).Message.Replace("known: ", "did you mean ", StringComparison.Ordinal), StringComparison.Ordinal);

    [Fact]
    public void Shares_divide_the_arrivals_and_labels_follow_the_class()
    {
        var all = Take(new SyntheticWorkload { Arrivals = ArrivalSpec.Parse("poisson:10"), Requests = 4000, Classes = [Class("a") with { Share = 3, Tenant = "x", SloClass = "fast", Priority = 2 }, Class("b")] });
        Assert.InRange(all.Count(r => r.Tenant == "x") / 4000.0, 0.72, 0.78);
        Assert.All(all.Where(r => r.Tenant == "x"), r => Assert.Equal(("fast", 2), (r.SloClass, r.Priority)));
        Assert.InRange(all[^1].Arrival.Seconds, 380, 420);
        Assert.True(all.Zip(all.Skip(1)).All(p => p.First.Arrival <= p.Second.Arrival));
    }

    [Fact]
    public void Classes_with_arrivals_of_their_own_merge_pause_start_and_stop()
    {
        var always = Class("always") with { Arrivals = ArrivalSpec.Parse("constant:1"), Tenant = "a" };
        var onOff = Class("on-off") with { Arrivals = ArrivalSpec.Parse("constant:2"), Tenant = "b", Active = SimDuration.FromSeconds(10), Pause = SimDuration.FromSeconds(20) };
        var late = Class("late") with { Arrivals = ArrivalSpec.Parse("constant:1"), Tenant = "c", Start = SimTime.FromSeconds(50), Stop = SimTime.FromSeconds(55) };
        var all = Take(new SyntheticWorkload { Duration = SimDuration.FromSeconds(60), Classes = [always, onOff, late] });
        Assert.Equal(60, all.Count(r => r.Tenant == "a"));
        Assert.Equal(40, all.Count(r => r.Tenant == "b"));
        Assert.All(all.Where(r => r.Tenant == "b"), r => Assert.True(r.Arrival.Seconds % 30 < 10));
        Assert.Equal([50.0, 51, 52, 53, 54], all.Where(r => r.Tenant == "c").Select(r => r.Arrival.Seconds));
    }

    [Fact]
    public void A_start_within_a_range_is_drawn_by_the_seed()
    {
        var workload = new SyntheticWorkload { Requests = 3, Classes = [Class("a") with { Arrivals = ArrivalSpec.Parse("constant:1"), Start = SimTime.FromSeconds(10), StartWithin = SimDuration.FromSeconds(1) }] };
        var starts = Enumerable.Range(1, 50).Select(seed => workload.Draw((ulong)seed).First().Arrival.Seconds).ToList();
        Assert.All(starts, s => Assert.InRange(s, 10, 11));
        Assert.True(starts.Max() - starts.Min() > 0.8);
    }

    [Fact]
    public void Another_class_does_not_disturb_the_lengths_of_the_first()
    {
        var one = Class("one") with { Input = LengthSpec.Parse("exponential:100"), Arrivals = ArrivalSpec.Parse("poisson:1") };
        var alone = Take(new SyntheticWorkload { Requests = 50, Classes = [one with { Tenant = "one" }] });
        var both = Take(new SyntheticWorkload { Requests = 200, Classes = [one with { Tenant = "one" }, Class("two") with { Arrivals = ArrivalSpec.Parse("poisson:1") }] });
        Assert.Equal(alone, both.Where(r => r.Tenant == "one").Take(50));
    }

    [Fact]
    public void Clients_get_the_classes_by_their_shares_with_their_labels()
    {
        var row = new SyntheticWorkload { Requests = 4000, Classes = [Class("a") with { Share = 3, Tenant = "x", MaxOutputTokens = 4 }, Class("b")] }.DrawUntimed(1).ToList();
        Assert.Equal(4000, row.Count);
        Assert.InRange(row.Count(r => r.Tenant == "x") / 4000.0, 0.72, 0.78);
        Assert.All(row, r => Assert.Equal((SimTime.Zero, r.Tenant == "x" ? 4 : 5), (r.Arrival, r.OutputTokens)));
    }

    private static SyntheticClass Class(string name) => new(name, LengthSpec.Parse("constant:10"), LengthSpec.Parse("constant:5"));

    private static List<RequestSpec> Take(SyntheticWorkload workload)
    {
        using var source = new ListTrafficSource(workload.Draw(1));    // checks the order of arrivals
        var taken = new List<RequestSpec>();
        while (source.NextArrival != SimTime.Never) taken.Add(source.Take());
        return taken;
    }
}
