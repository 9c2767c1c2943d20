using System.Xml.Linq;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.Experiments.Validation;
using ServeSim.Reporting.Plots;
using ServeSim.Workloads;

namespace ServeSim.Tests.Validation;

public sealed class ComparisonTests
{
    [Fact]
    public void Errors_are_relative_to_what_was_measured()
    {
        var latency = new LatencyComparison("TTFT", [1, 2, 3], [1.1, 2.2, 3.3]);
        Assert.Equal((2, 2), (latency.Measured.Mean, latency.Measured.P50));
        Assert.Equal(0.1, latency.Error.Mean, 1e-9);
        Assert.Equal(0.1, latency.Error.P90, 1e-9);
        Assert.Equal(2.8, latency.Measured.P90, 1e-9);    // between 2 and 3 at (3 - 1) x 0.9
    }

    [Theory, InlineData(1.0), InlineData(0.7), InlineData(3.0)]
    public void A_throughput_curve_holds_every_token_once(double bin)
    {
        (double, double, int)[] requests = [(0.5, 4.5, 41), (1, 1, 1), (2, 2, 5), (0, 6, 100)];
        var curve = ThroughputCurve.Of(requests, bin, (int)(6 / bin) + 1);
        Assert.Equal(147, curve.Sum() * bin, 1e-9);
        Assert.Equal(0, ThroughputCurve.Deviation(curve, curve));
        Assert.Equal(1, ThroughputCurve.Deviation(curve, new double[curve.Length]), 1e-12);
    }

    [Fact]
    public void Closed_loop_clients_keep_one_request_open_each()
    {
        var source = new ClosedLoopTrafficSource(2, 5, number => (100, (int)number + 1));
        var seen = new List<(SimTime Arrival, int Output)>();
        Take();
        Take();
        Assert.Equal(SimTime.Never, source.NextArrival);
        Assert.Equal(3, source.Blocked);
        for (var second = 1; second <= 5; second++)
        {
            source.OnEnded(Ended(second - 1), RequestState.Finished, SimTime.FromSeconds(second));
            if (source.NextArrival != SimTime.Never) Take();
        }

        Assert.Equal(0, source.Blocked);
        Assert.Equal([(SimTime.Zero, 1), (SimTime.Zero, 2), (SimTime.FromSeconds(1), 3), (SimTime.FromSeconds(2), 4), (SimTime.FromSeconds(3), 5)], seen);
        Assert.Throws<InvalidOperationException>(() => source.Take());

        static RequestRecord Ended(long number) => new()
        {
            Number = number, Id = null, Outcome = RequestOutcome.Finished, Arrival = SimTime.Zero, InputTokens = 100, OutputTokens = 1, GeneratedTokens = 1, Instance = 0, Slo = SloLimits.None,
        };

        void Take()
        {
            var spec = source.Take();
            seen.Add((spec.Arrival, spec.OutputTokens));
        }
    }

    [Fact]
    public void The_exchange_between_replicas_adds_latency_and_bytes_per_layer()
    {
        var model = ModelCatalog.Get("qwen3-30b-a3b");
        var inner = CostModelFactory.Create("linear:1,0,0,0,0", model, AcceleratorCatalog.Get("rtx-pro-6000"), ParallelLayout.Single);
        var cost = new LockstepCost(inner, model, 2, 2048, 16, 20);
        var shape = new BatchShape { DecodeSequences = 128, DecodeContextTokens = 128_000 };
        // 48 layers x 2 exchanges x (20 us + 64 tokens x 2048 values x 2 bytes / 16 GB/s = 16.384 us)
        Assert.Equal(1 + (48 * 2 * 36.384 / 1000), cost.IterationTime(shape).Milliseconds, 1e-6);
        Assert.Equal(cost.IterationTime(shape), cost.Explain(shape).Total);
    }

    [Fact]
    public void A_stated_link_takes_the_place_of_the_assumed_one()
    {
        var model = ModelCatalog.Get("llama-3.1-8b");
        var inner = CostModelFactory.Create("roofline", model, AcceleratorCatalog.Get("rtx-pro-6000"), new ParallelLayout(2, 1));
        var shape = new BatchShape { DecodeSequences = 64, DecodeContextTokens = 64_000 };
        var stated = new StatedLinkCost(inner, 2, 16, 20).Explain(shape);
        // 64 all-reduces x (20 us + 64 tokens x 4096 values x 2 bytes x 2 (2 - 1) / 2 / 16 GB/s = 32.768 us)
        Assert.Equal(64 * 52.768, stated.Rows.Single(r => r.Operator == "all-reduce").Microseconds, 1e-6);
        var (before, after) = (inner.Explain(shape), stated);
        Assert.Equal(after.Total.Milliseconds - before.Total.Milliseconds, (after.Microseconds - before.Microseconds) / 1000, 1e-5);
        Assert.Equal(before.Rows.Where(r => r.Bound != BoundBy.Link), after.Rows.Where(r => r.Bound != BoundBy.Link));
    }

    [Theory, InlineData(0, 0), InlineData(1000, 1000), InlineData(2048, 2048), InlineData(3000, 2048), InlineData(4096, 2048), InlineData(4097, 2049)]
    public void The_fullest_replica_takes_whole_chunks_and_its_share_of_the_decodes(int tokens, int expected)
    {
        var model = ModelCatalog.Get("qwen3-30b-a3b");
        var cost = new LockstepCost(CostModelFactory.Create("linear:1,0,0,0,0", null, null, ParallelLayout.Single), model, 2, 2048, 16, 20);
        var fullest = cost.Fullest(new BatchShape { PrefillTokens = tokens, PrefillSequences = tokens > 0 ? 1 : 0, PrefillPairs = 2L * tokens, DecodeSequences = 5, DecodeContextTokens = 101 });
        Assert.Equal((expected, 2L * expected, 3, 51), (fullest.PrefillTokens, fullest.PrefillPairs, fullest.DecodeSequences, fullest.DecodeContextTokens));
    }

    [Fact]
    public void A_plot_is_well_formed_and_the_same_every_time()
    {
        var plot = new SvgPlot
        {
            Title = "a < b & c",
            XLabel = "x",
            YLabel = "y",
            Series = [PlotSeries.Cdf("cdf", [3, 1, 2]), new PlotSeries("dots", [(0, 1), (2500, 0.5)]) { IsScatter = true }],
        };
        var root = XDocument.Parse(plot.Render()).Root!;
        Assert.Equal("svg", root.Name.LocalName);
        Assert.Equal(2, root.Elements().Count(e => e.Name.LocalName == "circle"));
        Assert.Contains(root.Elements(), e => e.Value == "a < b & c");
        Assert.Equal(plot.Render(), plot.Render());
        Assert.Equal([(1, 0), (1, 1 / 3.0), (2, 1 / 3.0), (2, 2 / 3.0), (3, 2 / 3.0), (3, 1)], PlotSeries.Cdf("x", [3, 1, 2]).Points);
    }

    [Fact]
    public void A_plot_without_points_is_empty_but_whole() =>
        XDocument.Parse(new SvgPlot { Title = "", XLabel = "", YLabel = "", HasDiagonal = true, Series = [new("none", [])] }.Render());

    [Fact]
    public void A_power_law_is_a_straight_line_on_logarithmic_axes()
    {
        var plot = new SvgPlot { Title = "", XLabel = "", YLabel = "", IsLogLog = true, Series = [new("cubes", [(1, 0.001), (10, 1), (100, 1000)])] };
        var line = XDocument.Parse(plot.Render()).Root!.Elements().Single(e => e.Name.LocalName == "polyline").Attribute("points")!.Value;
        var points = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split(',').Select(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture)).ToArray()).ToArray();
        Assert.Equal(points[1][0] - points[0][0], points[2][0] - points[1][0], 0.02);
        Assert.Equal(points[1][1] - points[0][1], points[2][1] - points[1][1], 0.02);
        Assert.Throws<ArgumentException>(() => (plot with { Series = [new("none", [(0, 1)])] }).Render());
    }
}
