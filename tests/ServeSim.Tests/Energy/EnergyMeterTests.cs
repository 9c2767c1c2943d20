using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Energy;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;
using ServeSim.Tests.Reporting;

namespace ServeSim.Tests.Energy;

public sealed class EnergyMeterTests
{
    [Fact]
    public void Two_seconds_of_rest_half_a_second_of_prefill_and_ten_of_decode_take_4300_joules()
    {
        var energy = Measure(new EnergyOptions { Power = Phase() }, Prefill(2, 2.5), Decode(2.5, 12.5, 500));
        Assert.Equal(4300, energy.Joules!.Value, 1e-6);
        Assert.Equal((350, 3800, 150), (Math.Round(energy.PrefillJoules!.Value, 6), Math.Round(energy.DecodeJoules!.Value, 6), Math.Round(energy.RestJoules!.Value, 6)));
        Assert.Equal(8.6, energy.JoulesPerOutputToken!.Value, 1e-9);
        Assert.Equal(8.3, energy.BusyJoulesPerOutputToken!.Value, 1e-9);
        Assert.Equal((700 + 380) / 2.0, energy.PeakWatts!.Value, 1e-6);    // the second in which prefill gives way to decode
    }

    [Theory, InlineData(1, 1000, 0.694), InlineData(4, 2000, 1.389)]
    public void Money_is_price_times_gpu_hours_over_tokens(int gpus, int tokensPerSecond, double expected)
    {
        var energy = Measure(new EnergyOptions { GpusPerInstance = gpus, UsdPerGpuHour = 2.5 }, Decode(0, 10, 10 * tokensPerSecond));
        Assert.Equal(expected, energy.UsdPerMillionOutputTokens!.Value, 0.0005);
        Assert.Equal(2.5 * gpus * 10 / 3600, energy.Usd!.Value, 1e-9);
        Assert.Null(energy.Joules);
    }

    [Fact]
    public void Without_a_price_there_is_no_money_and_without_power_no_energy()
    {
        var summary = RunScript.WorkedExample().Measure(new MetricsOptions { Energy = new EnergyOptions { Power = Phase() } });
        Assert.Null(summary.Energy!.Usd);
        Assert.Null(summary.Energy.GramsCo2);
        var sections = SummaryTable.Rows(summary, RunScript.Description()).Select(row => row.Section).ToList();
        Assert.Contains("Energy", sections);
        Assert.DoesNotContain("Money", sections);
        Assert.Contains("\"gpu_usd\": null", Json(summary), StringComparison.Ordinal);
        Assert.Contains("\"gpu_joules\": null", Json(RunScript.WorkedExample().Measure()), StringComparison.Ordinal);
    }

    [Fact]
    public void Carbon_and_the_bill_are_those_of_the_facility()
    {
        var energy = Measure(new EnergyOptions { Power = Phase(), Pue = 1.5, GramsCo2PerKwh = 400, UsdPerKwh = 0.2 }, Prefill(0, 3600));
        Assert.Equal(0.7 * 3.6e6, energy.Joules!.Value, 1e-3);
        Assert.Equal(1.05 * 400, energy.GramsCo2!.Value, 1e-6);
        Assert.Equal(1.05 * 0.2, energy.EnergyUsd!.Value, 1e-9);
    }

    [Theory, InlineData(1, 1, 1), InlineData(3, 4, 1), InlineData(2, 4, 2)]
    public void Energy_is_the_integral_of_power_and_its_parts_add_up(int instances, int gpus, int stages)
    {
        var power = Create("auto");
        var stream = new RandomStream((ulong)instances, "energy");
        var iterations = new List<IterationRecord>();
        for (var instance = 0; instance < instances; instance++)
        {
            var stageEnds = new double[stages];
            for (var i = 0; i < 400; i++)
            {
                var slot = i % stages;    // as many iterations in flight as there are stages
                var start = stageEnds[slot] + (stream.NextDouble() < 0.3 ? 2 * stream.NextDouble() : 0);
                var end = start + 0.01 + stream.NextDouble();
                stageEnds[slot] = end;
                var prefill = stream.NextDouble() < 0.5 ? (int)(stream.NextDouble() * 500) : 0;
                iterations.Add(Decode(start, end, (int)(stream.NextDouble() * 60)) with
                {
                    Instance = instance, PrefillTokens = prefill, PrefillSequences = prefill > 0 ? 1 : 0,
                });
            }
        }

        iterations = [.. iterations.OrderBy(i => i.End.Nanoseconds)];
        var meter = new EnergyMeter(new EnergyOptions { Power = power, GpusPerInstance = gpus, PipelineStages = stages });
        foreach (var iteration in iterations) meter.Add(iteration, SimTime.Zero);
        var energy = meter.ToSummary(instances, SimTime.Zero, new TokenTotals(0, 0, 0, 0), 1);

        Assert.True(RelativeGap(Integral(iterations, power, instances * gpus, gpus / stages), energy.Joules!.Value) < 1e-9);
        Assert.True(RelativeGap(energy.PrefillJoules!.Value + energy.DecodeJoules!.Value + energy.RestJoules!.Value, energy.Joules!.Value) < 1e-12);
        Assert.True(energy.RestJoules > 0 && energy.PeakWatts >= energy.P99Watts && energy.P99Watts >= energy.MeanWatts);
    }

    [Fact]
    public void Windows_keep_all_energy_when_they_grow()
    {
        var windows = new PowerWindows();
        for (var second = 0L; second < 200_000; second += 7) windows.Add(second * 1_000_000_000, (second + 3) * 1_000_000_000, 2_000_000);
        Assert.Equal(4_000_000_000, windows.Width);
        var length = 200_004L * 1_000_000_000;
        var watts = windows.Watts(length, 10);
        var total = watts.Select((w, i) => w * (Math.Min(length, (i + 1L) * windows.Width) - (i * windows.Width)) * 1e-9).Sum();
        Assert.Equal((10 * 200_004.0) + (6 * ((200_000 + 6) / 7)), total, 1e-3);
    }

    [Fact]
    public void A_token_takes_less_energy_in_a_larger_batch()
    {
        var (model, gpu) = (ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"));
        var cost = CostModelFactory.Create("roofline", model, gpu, ParallelLayout.Single);
        var last = double.MaxValue;
        foreach (var batch in (int[])[1, 8, 32, 128])
        {
            var time = cost.IterationTime(new BatchShape { DecodeSequences = batch, DecodeContextTokens = 512L * batch });
            var energy = Measure(new EnergyOptions { Power = Create("auto") }, Decode(0, time.Seconds, batch));
            Assert.True(energy.JoulesPerOutputToken < last);
            last = energy.JoulesPerOutputToken!.Value;
        }

        Assert.InRange(last, 0.01, 0.2);    // a few hundredths of a joule at batch 128; some two joules at batch 1
    }

    private static EnergySummary Measure(EnergyOptions options, params IterationRecord[] iterations)
    {
        var metrics = new RunMetrics(new MetricsOptions { Energy = options });
        metrics.OnArrived(SimTime.Zero, 1, 1);
        foreach (var iteration in iterations) metrics.OnIteration(iteration);
        return metrics.Summarize().Energy!;
    }

    private static string Json(RunSummary summary)
    {
        using var buffer = new MemoryStream();
        SummaryJson.Write(buffer, summary, RunScript.Description());
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The slow twin: between two changes power is constant; add it up piece by piece.</summary>
    private static double Integral(List<IterationRecord> iterations, IPowerModel power, int gpus, int busyGpus)
    {
        var rest = power.RestWatts(PowerState.Context);
        var changes = iterations.SelectMany(i => new[] { i.Start.Nanoseconds, i.End.Nanoseconds }).Append(0).Distinct().Order().ToList();
        double joules = 0;
        for (var i = 1; i < changes.Count; i++)
        {
            var watts = gpus * rest;
            foreach (var iteration in iterations)
            {
                if (iteration.Start.Nanoseconds <= changes[i - 1] && iteration.End.Nanoseconds >= changes[i])
                    watts += busyGpus * (power.BusyWatts(iteration) - rest);
            }

            joules += watts * (changes[i] - changes[i - 1]) * 1e-9;
        }

        return joules;
    }

    private static double RelativeGap(double expected, double got) => Math.Abs(expected - got) / Math.Abs(expected);

    private static IPowerModel Phase() => Create("phase");

    private static IPowerModel Create(string spec) =>
        PowerModelFactory.Create(spec, ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single)!;

    private static IterationRecord Decode(double start, double end, int tokens) =>
        RunScript.Iteration(SimTime.FromSeconds(end), tokens) with { Start = SimTime.FromSeconds(start) };

    private static IterationRecord Prefill(double start, double end) =>
        Decode(start, end, 0) with { PrefillTokens = 100, PrefillSequences = 1 };
}
