using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Energy;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.Engine;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Routing;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Tests.Policies;

/// <summary>Check 5 of layered prefill: who wins where, over several seeds, on two H100 with tensor parallelism.</summary>
public sealed class LayeredPrefillOrderingTests
{
    private const int Requests = 60;
    private static readonly ulong[] _seeds = [1, 2, 3, 4, 5];

    // Mean input and output tokens as published for the two data sets.
    private static readonly Lengths _long = new(9194, 230, 0.5), _short = new(2340, 390, 0.9);

    [Fact]
    public void Check_5_on_experts_and_long_prompts_layered_beats_chunks_in_reads_ttft_and_energy()
    {
        foreach (var seed in _seeds)
        {
            var (chunked, layered) = Pair("qwen3-30b-a3b", _long, 1.3, seed);
            Assert.True(layered.Experts!.ReadBytes < 0.8 * chunked.Experts!.ReadBytes, $"seed {seed}: {layered.Experts} {chunked.Experts}");
            Assert.True(layered.Ttft.MeanMilliseconds < chunked.Ttft.MeanMilliseconds, $"seed {seed}: {layered.Ttft.MeanMilliseconds} {chunked.Ttft.MeanMilliseconds}");
            Assert.True(layered.Energy!.JoulesPerToken < chunked.Energy!.JoulesPerToken, $"seed {seed}: {layered.Energy.JoulesPerToken} {chunked.Energy.JoulesPerToken}");
        }
    }

    [Fact]
    public void Check_5_the_gain_is_larger_on_long_prompts()
    {
        foreach (var seed in _seeds)
        {
            var (chunked, layered) = Pair("qwen3-30b-a3b", _long, 1.3, seed);
            var (shortChunked, shortLayered) = Pair("qwen3-30b-a3b", _short, 4, seed);
            Assert.True(layered.Experts!.ReadBytes / chunked.Experts!.ReadBytes < shortLayered.Experts!.ReadBytes / shortChunked.Experts!.ReadBytes, $"seed {seed}");
        }
    }

    [Fact]
    public void Check_5_more_groups_shorten_the_gaps_and_delay_the_first_token()
    {
        foreach (var seed in _seeds)
        {
            var runs = new[] { 2, 4, 8, 16 }.Select(groups => Run("qwen3-30b-a3b", _long, 1.3, seed, shape => new LayeredPrefillPolicy(new(MaxGroups: groups), shape))).ToList();
            for (var i = 1; i < runs.Count; i++)
            {
                Assert.True(P99(runs[i].Tbt) < P99(runs[i - 1].Tbt), $"seed {seed}, step {i}: {P99(runs[i].Tbt)} {P99(runs[i - 1].Tbt)}");
                Assert.True(runs[i].Ttft.MeanMilliseconds > runs[i - 1].Ttft.MeanMilliseconds, $"seed {seed}, step {i}");
            }
        }
    }

    [Fact]
    public void Check_5_on_a_dense_model_layered_is_not_better_than_chunks()
    {
        foreach (var seed in _seeds)
        {
            var (chunked, layered) = Pair("qwen3-8b", _long, 1.3, seed);
            Assert.True(layered.Ttft.MeanMilliseconds >= chunked.Ttft.MeanMilliseconds, $"seed {seed}: {layered.Ttft.MeanMilliseconds} {chunked.Ttft.MeanMilliseconds}");
            Assert.Null(layered.Experts);
        }
    }

    private static (RunSummary Chunked, RunSummary Layered) Pair(string model, Lengths lengths, double rate, ulong seed) =>
        (Run(model, lengths, rate, seed, _ => new SarathiPolicy(new(512, 256))), Run(model, lengths, rate, seed, shape => new LayeredPrefillPolicy(new(), shape)));

    private static double P99(LatencySummary latency) => latency.Percentiles.First(p => p.Percent == 99).Milliseconds!.Value;

    private static RunSummary Run(string name, Lengths lengths, double rate, ulong seed, Func<ClusterShape, IBatchPolicy> policy)
    {
        var (model, gpu, layout) = (ModelCatalog.Get(name), AcceleratorCatalog.Get("h100-sxm"), new ParallelLayout(2, 1));
        var cost = CostModelFactory.Create("roofline", model, gpu, layout, model.Experts is { } e
            ? new() { DistinctExperts = n => ExpertCoverage.Expected(e.Experts, e.ActivePerToken, n, ExpertCoverage.MeasuredLocality) }
            : new());
        var blocks = KvCapacity.Of(model, gpu, layout).Blocks;
        var shape = new ClusterShape(1, blocks, 16, model.MaxContextTokens, 1, cost);
        var metrics = new RunMetrics(new()
        {
            Instances = 1,
            TotalBlocks = blocks,
            Experts = model.Experts is null ? null : new(cost, 2.0 * model.Sizes.ExpertMatrices),
            Energy = new EnergyOptions { Power = PowerModelFactory.Create("traffic", model, gpu, layout, cost), GpusPerInstance = 2, PipelineStages = 1 },
        });
        new SimulationRun(new EngineOptions { TotalBlocks = blocks, Kind = EngineKind.Fast }, new Poisson(lengths, rate, seed), cost,
            new("policy", _ => policy(shape), "round-robin", new RoundRobinRouter()), metrics).Execute();
        return metrics.Summarize();
    }

    /// <summary>Lognormal lengths with these means.</summary>
    private sealed record Lengths(double Input, double Output, double Sigma);

    private sealed class Poisson(Lengths lengths, double rate, ulong seed) : ITrafficSource
    {
        private readonly RandomStream _random = new(seed, "layered ordering");
        private double _time;
        private int _taken;

        public SimTime NextArrival => _taken < Requests ? SimTime.FromSeconds(_time) : SimTime.Never;

        public RequestSpec Take()
        {
            var request = MicroRun.Request(_time, Draw(lengths.Input, 16_000), Draw(lengths.Output, 2000));
            _taken++;
            _time += _random.NextExponential() / rate;
            return request;
        }

        // Box and Muller; the mean of a lognormal is exp(mu + sigma²/2).
        private int Draw(double mean, int most)
        {
            var normal = Math.Sqrt(2 * _random.NextExponential()) * Math.Cos(2 * Math.PI * _random.NextInt(1 << 20) / (1 << 20));
            return Math.Clamp((int)(mean * DetMath.Exp((lengths.Sigma * normal) - (lengths.Sigma * lengths.Sigma / 2))), 1, most);
        }
    }
}
