using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Tests.Reporting;

/// <summary>What is measured does not depend on how the iterations of several instances interleave.</summary>
public sealed class OrderFreeTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_distribution_does_not_depend_on_the_order_of_its_samples(int seed)
    {
        // Around the limit of exactness, where an order-dependent rule would show.
        foreach (var distinct in (int[])[Distribution.ExactEntries - 1, Distribution.ExactEntries, Distribution.ExactEntries + 1])
        {
            var random = new RandomStream((ulong)seed, "order");
            var samples = Enumerable.Range(0, 3 * distinct).Select(i => 1000L * (1 + (i % distinct))).ToArray();
            var ordered = Filled(samples);
            for (var i = samples.Length - 1; i > 0; i--)
            {
                var j = random.NextInt(i + 1);
                (samples[i], samples[j]) = (samples[j], samples[i]);
            }

            var shuffled = Filled(samples);
            Assert.Equal(distinct <= Distribution.ExactEntries, ordered.IsExact);
            Assert.Equal(ordered.IsExact, shuffled.IsExact);
            foreach (var percent in (double[])[0, 10, 50, 99, 100]) Assert.Equal(ordered.Percentile(percent), shuffled.Percentile(percent));
            Assert.Equal((ordered.Mean, ordered.StandardDeviation), (shuffled.Mean, shuffled.StandardDeviation));
        }
    }

    [Fact]
    public void Gaps_added_as_a_run_count_as_gaps_added_one_by_one()
    {
        var random = new RandomStream(5, "gaps");
        var (together, alone) = (new Distribution(), new Distribution());
        for (var run = 0; run < 300; run++)
        {
            var time = new SimTime(random.NextInt(1_000_000));
            var ends = new SimTime[1 + random.NextInt(150)];
            var (last, count) = (time, 1 + random.NextInt(60));
            for (var i = 0; i < ends.Length; i++)
            {
                ends[i] = last + new SimDuration(run % 50 == 0 ? 1L << 41 : 5_000_000 + random.NextInt(2_000_000));
                alone.Add((ends[i] - last).Nanoseconds, count);
                last = ends[i];
            }

            together.AddGaps(time, ends, count);
        }

        Assert.False(alone.IsExact);
        Assert.Equal((alone.Count, alone.Sum, alone.Minimum, alone.Maximum), (together.Count, together.Sum, together.Minimum, together.Maximum));
        Assert.Equal((alone.Mean, alone.StandardDeviation, alone.Percentile(50), alone.Percentile(99)), (together.Mean, together.StandardDeviation, together.Percentile(50), together.Percentile(99)));
    }

    [Fact]
    public void Metrics_do_not_depend_on_the_order_of_instances()
    {
        var random = new RandomStream(9, "instances");
        var records = new List<IterationRecord>();
        for (var instance = 0; instance < 4; instance++)
        {
            var time = SimTime.Zero;
            while (time.Seconds < 50)
            {
                var start = time + new SimDuration(random.NextInt(3) * 1_000_000L);
                time = start + new SimDuration(3_000_000 + random.NextInt(40_000_000));
                records.Add(RunScript.Iteration(time, 1 + random.NextInt(30), usedBlocks: random.NextInt(90), instance: instance) with { Start = start });
            }
        }

        var inTime = Measure(records.OrderBy(r => r.End).ThenBy(r => r.Instance));
        Assert.Equal(inTime, Measure(records));
        Assert.Equal(inTime, Measure(records.OrderBy(r => r.End.Nanoseconds / 20_000_000_000).ThenByDescending(r => r.Instance)));
    }

    private static string Measure(IEnumerable<IterationRecord> records)
    {
        var metrics = new RunMetrics(new MetricsOptions { TotalBlocks = 100, Energy = new EnergyOptions { Power = new Watts() } });
        metrics.OnArrived(new SimTime(1_500_000_000), 1, 1);
        foreach (var record in records) metrics.OnIteration(record);
        return JsonSerializer.Serialize(metrics.Summarize());
    }

    private static Distribution Filled(IEnumerable<long> samples)
    {
        var distribution = new Distribution();
        foreach (var sample in samples) distribution.Add(sample);
        return distribution;
    }

    private sealed class Watts : IPowerModel
    {
        public PowerModelInfo Info { get; } = new("test", "test", "none", []);

        public double RestWatts(PowerState state) => 70.1;

        public double BusyWatts(in IterationRecord iteration) => 100 + Math.Sqrt(iteration.UsedBlocks * 7.3);
    }
}
