using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Tenants;

namespace ServeSim.Tests.Reporting;

/// <summary>What tenants got, from the records of their requests.</summary>
public sealed class FairnessTests
{
    [Fact]
    public void The_service_difference_is_the_widest_gap_between_two_tenants()
    {
        // a is served 20 over seconds 2 to 4; b 40, from 4 to 8
        var fairness = Measure([Record(0, "a", 0, 2, 4, 10, 5), Record(1, "b", 0, 4, 8, 20, 10)])!;
        Assert.Equal(20, fairness.MaxServiceDifference);
        Assert.Equal(36.0 / 40, fairness.JainIndex, 12);    // (20 + 40)² / (2 (20² + 40²))
        Assert.Equal([("a", 20.0), ("b", 40.0)], fairness.Tenants.Select(t => (t.Name, t.Service)));
        Assert.InRange(fairness.MaxServiceDifferenceAtSeconds, 4 - fairness.ResolutionSeconds, 8 + fairness.ResolutionSeconds);
    }

    [Fact]
    public void Service_is_divided_by_the_weight_where_tenants_are_compared_and_only_there()
    {
        var options = new TenantOptions { Weights = new([new("b", 2)]) };
        var fairness = Measure([Record(0, "a", 0, 2, 4, 10, 5), Record(1, "b", 0, 2, 4, 20, 10)], options)!;
        Assert.Equal(1.0, fairness.JainIndex);
        Assert.InRange(fairness.MaxServiceDifference, 0, 0.001);    // shares are cut in whole parts of a token
        Assert.Equal(40, fairness.Tenants[1].Service);
    }

    [Fact]
    public void A_tenant_lacks_only_what_it_asked_for()
    {
        // Over ten minutes a gets 60 a second, b 20; b asks for 30 and then for no more than it gets.
        IEnumerable<RequestRecord> Flow(string tenant, int served, int asked) => Enumerable.Range(0, 600)
            .Select(i => Record(i, tenant, i, i, i + 1, served, 1))
            .Concat(Enumerable.Range(0, asked > served ? 600 : 0).Select(i => Record(i, tenant, i, i, i + 1, asked - served, 1) with { Outcome = RequestOutcome.Rejected, FirstToken = null, Finished = null }));
        var options = new TenantOptions { OutputPrice = 0 };
        Assert.Equal(10, Measure([.. Flow("a", 60, 60), .. Flow("b", 20, 30)], options)!.Windowed!.Mean, 1);
        Assert.InRange(Measure([.. Flow("a", 60, 60), .. Flow("b", 20, 20)], options)!.Windowed!.Max, 0, 1);
    }

    [Fact]
    public void The_order_of_ends_changes_nothing()
    {
        var random = new RandomStream(5, "records");
        var records = Enumerable.Range(0, 500).Select(i =>
        {
            double first = random.NextInt(100_000) / 100.0, length = random.NextInt(60_000) / 1000.0;
            return Record(i, $"t{random.NextInt(4)}", first - 0.001 * random.NextInt((int)(first * 1000) + 1), first, first + length, 1 + random.NextInt(5000), 1 + random.NextInt(900));
        }).ToList();
        var expected = Measure(records)!;
        var shuffled = Measure([.. records.OrderBy(r => RandomStream.Keyed(1, r.Number))])!;
        Assert.Equal((expected.MaxServiceDifference, expected.MaxServiceDifferenceAtSeconds, expected.JainIndex, expected.Windowed),
            (shuffled.MaxServiceDifference, shuffled.MaxServiceDifferenceAtSeconds, shuffled.JainIndex, shuffled.Windowed));
        Assert.Equal(expected.Tenants.Select(t => (t.Name, t.Service, t.Finished, t.Ttft.MeanMilliseconds)), shuffled.Tenants.Select(t => (t.Name, t.Service, t.Finished, t.Ttft.MeanMilliseconds)));
        Assert.Equal(records.Sum(r => r.InputTokens + (2.0 * r.GeneratedTokens)), expected.Tenants.Sum(t => t.Service));
    }

    [Fact]
    public void A_run_with_one_tenant_says_nothing_of_fairness() => Assert.Null(Measure([Record(0, "a", 0, 1, 2, 10, 5), Record(1, "a", 0, 1, 2, 10, 5)]));

    private static FairnessSummary? Measure(IReadOnlyList<RequestRecord> records, TenantOptions? options = null)
    {
        var metrics = new RunMetrics(new MetricsOptions { Tenants = options ?? new() });
        foreach (var time in records.Select(r => r.Arrival).Order()) metrics.OnArrived(time, 0, 1);
        foreach (var record in records) metrics.OnRequestEnded(record);
        return metrics.Summarize().Fairness;
    }

    private static RequestRecord Record(long number, string tenant, double arrival, double first, double end, int input, int output) => new()
    {
        Number = number, Id = null, Outcome = RequestOutcome.Finished, Instance = 0, Slo = SloLimits.None, Tenant = tenant,
        Arrival = SimTime.FromSeconds(arrival), FirstToken = SimTime.FromSeconds(first), Finished = SimTime.FromSeconds(end),
        InputTokens = input, OutputTokens = output, GeneratedTokens = output,
    };

    [Theory]
    [InlineData(0, 1L << 24, 1000, 20)]
    [InlineData(12_345_678, 9_876_543_210, 777_777, 24)]
    [InlineData(3, 5_000_000_000_000, 123_456_789_012, 33)]
    [InlineData((1L << 20) - 1, (1L << 20) + 1, 5, 20)]
    [InlineData(500, 500, 9, 20)]
    public void What_lies_before_the_edge_of_a_bin_is_the_share_of_its_time_and_in_the_end_all(long from, long to, long amount, int shift)
    {
        var curve = new ServiceCurve();
        curve.Add(from, to, amount, shift);
        var sums = curve.Cumulate(shift);
        var rounding = 1 + ((to - from) >> 41);    // half a unit of the slope, for as long as it lasts
        for (var bin = 0; bin < ServiceCurve.Bins; bin++)
        {
            var before = Math.Clamp(((bin + 1L) << shift) - from, 0, Math.Max(1, to - from));
            var share = (long)((Int128)amount * before / Math.Max(1, to - from));
            Assert.InRange(sums[bin], share - rounding, share + rounding);
        }

        Assert.Equal(amount, sums[^1]);
    }
}
