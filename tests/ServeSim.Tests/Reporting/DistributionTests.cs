using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Tests.Reporting;

public sealed class DistributionTests
{
    private static readonly double[] Percents = [0, 1, 25, 50, 90, 99, 99.9, 100];

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void A_sketch_percentile_lies_within_its_bound_of_the_exact_one(int run)
    {
        var (exact, spilled) = (new Distribution(keepAll: true), new Distribution());
        foreach (var value in Values(run, Distribution.ExactEntries + 30_000))
        {
            exact.Add(value);
            spilled.Add(value);
        }

        Assert.True(exact.IsExact);
        Assert.False(spilled.IsExact);
        foreach (var percent in Percents)
        {
            var (truth, estimate) = (exact.Percentile(percent)!.Value, spilled.Percentile(percent)!.Value);
            Assert.True(Math.Abs(truth - estimate) <= (truth * QuantileSketch.RelativeError) + 1e-6, $"p{percent}: {estimate:R} instead of {truth:R}");
        }
    }

    [Fact]
    public void Every_value_lies_within_the_bound_of_its_bucket()
    {
        for (var power = 0; power < 63; power++)
        {
            foreach (var value in new[] { 1L << power, (1L << power) + ((1L << power) >> 1) + 1, (1L << power) - 1 + (1L << power) })
            {
                var sketch = new QuantileSketch();
                sketch.Add(value);
                var error = Math.Abs((double)(sketch.ValueAt(0) - value));
                Assert.True(value < 2048 ? error == 0 : error <= value * QuantileSketch.RelativeError, $"{value} is off by {error}");
            }
        }
    }

    [Fact]
    public void Merging_sketches_is_adding_all_samples_to_one()
    {
        var (left, right, both) = (new QuantileSketch(), new QuantileSketch(), new QuantileSketch());
        foreach (var value in Values(1, 2000)) { left.Add(value); both.Add(value); }
        foreach (var value in Values(2, 3000)) { right.Add(value, 3); both.Add(value, 3); }
        left.Merge(right);
        Assert.Equal(both.Count, left.Count);
        for (var rank = 0L; rank < both.Count; rank += 97) Assert.Equal(both.ValueAt(rank), left.ValueAt(rank));
    }

    [Fact]
    public void The_sample_after_the_last_exact_one_moves_all_into_the_sketch()
    {
        var samples = new Distribution();
        for (var i = 0; i < Distribution.ExactEntries; i++) samples.Add(1_000_000 + i);
        Assert.Equal("exact", samples.PercentileMethod);
        samples.Add(500_000);
        Assert.Equal("sketch (relative error <= 0.05 %)", samples.PercentileMethod);
        Assert.Equal(Distribution.ExactEntries + 1, samples.Count);
        Assert.Equal(500_000, samples.Percentile(0));
        Assert.Equal(1_000_000 + Distribution.ExactEntries - 1, samples.Percentile(100));
    }

    [Fact]
    public void Repeated_values_stay_exact_however_many_they_are()
    {
        var samples = new Distribution();
        for (var i = 0; i < 500_000; i++) samples.Add(1_000_003 + (i % 1000));
        Assert.True(samples.IsExact);
        Assert.Equal(500_000, samples.Count);
        Assert.Equal(1_000_003 + 499.5, samples.Percentile(50));
    }

    [Theory]
    [InlineData(Distribution.ExactEntries - 1, true)]
    [InlineData(Distribution.ExactEntries, true)]
    [InlineData(Distribution.ExactEntries + 1, false)]
    public void How_many_values_differ_decides_however_often_they_come(int different, bool isExact)
    {
        var samples = new Distribution();
        for (var i = 0; i < 5 * different; i++) samples.Add(1_000_000 + (i * 7L % different), 1 + (i % 3));
        Assert.Equal(isExact, samples.IsExact);
        samples.Add(1_000_000);
        Assert.Equal(isExact, samples.IsExact);
        Assert.Equal(1_000_000 + different - 1, samples.Percentile(100));
    }

    [Fact]
    public void Looking_at_percentiles_between_samples_changes_none()
    {
        var (looked, left) = (new Distribution(), new Distribution());
        var added = 0;
        foreach (var value in Values(2, 3 * Distribution.ExactEntries))
        {
            looked.Add(value % 9000, 1 + (value % 5));
            left.Add(value % 9000, 1 + (value % 5));
            if (++added % 5000 == 0) looked.Percentile(50);
        }

        Assert.True(looked.IsExact);
        Assert.True(left.IsExact);
        foreach (var percent in Percents) Assert.Equal(left.Percentile(percent), looked.Percentile(percent));
    }

    [Fact]
    public void A_weight_is_as_many_single_samples()
    {
        var (weighted, single) = (new Distribution(), new Distribution());
        foreach (var value in Values(3, 300))
        {
            weighted.Add(value, 1 + (value % 5));
            for (var i = 0; i < 1 + (value % 5); i++) single.Add(value);
        }

        Assert.Equal(single.Count, weighted.Count);
        Assert.Equal(single.Sum, weighted.Sum);
        Assert.Equal(single.StandardDeviation, weighted.StandardDeviation);
        foreach (var percent in Percents) Assert.Equal(single.Percentile(percent), weighted.Percentile(percent));
    }

    [Fact]
    public void Moments_stay_exact_for_long_times_and_large_weights()
    {
        var samples = new Distribution();
        samples.Add(long.MaxValue, 1_000_000_000);
        samples.Add(long.MaxValue - 2, 1_000_000_000);
        Assert.Equal((Int128)2_000_000_000 * (long.MaxValue - 1), samples.Sum);
        Assert.Equal(1, samples.StandardDeviation!.Value, 12);

        var small = new Distribution();
        small.Add(1_000_000_000_000_001);
        small.Add(1_000_000_000_000_003);
        Assert.Equal(1, small.StandardDeviation!.Value, 12);
    }

    [Fact]
    public void Without_samples_there_is_no_number()
    {
        var none = new Distribution();
        Assert.Null(none.Mean);
        Assert.Null(none.StandardDeviation);
        Assert.Null(none.Minimum);
        Assert.Null(none.Maximum);
        Assert.Null(none.Percentile(50));
    }

    private static IEnumerable<long> Values(int run, int count)
    {
        var stream = new RandomStream((ulong)run, "distribution");
        var scale = 1000 * Math.Pow(100, run);
        for (var i = 0; i < count; i++) yield return (long)(stream.NextExponential() * scale);
    }
}
