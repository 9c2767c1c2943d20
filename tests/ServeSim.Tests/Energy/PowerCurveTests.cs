using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Energy;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.Tests.Reporting;

namespace ServeSim.Tests.Energy;

public sealed class PowerCurveTests
{
    private static readonly MfuCurve A100 = new(100, 400, 0.45, 0.7, default, 1);
    private static readonly LogisticCurve Example = new(180, 360, 0.9, 3.5);

    [Theory, InlineData(0, 100), InlineData(0.1, 204.68), InlineData(0.2, 270.06), InlineData(0.45, 400), InlineData(0.9, 400)]
    public void Mfu_power_meets_hand_computed_values(double mfu, double watts) => Assert.Equal(watts, A100.WattsAt(mfu), 0.005);

    [Theory, InlineData(1, 187.40), InlineData(8, 250.08), InlineData(16, 289.92), InlineData(64, 342.84)]
    public void Logistic_power_meets_hand_computed_values(int tokens, double watts) => Assert.Equal(watts, Example.WattsAt(tokens), 0.005);

    [SkippableFact]
    public void Both_curves_meet_the_reference_vectors()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(SharedFiles.Path("reference", "cluster_golden.json")));
        var power = file.RootElement.GetProperty("power");
        foreach (var point in power.GetProperty("mfu_power").EnumerateArray())
            Assert.Equal(point.GetProperty("watts").GetDouble(), A100.WattsAt(point.GetProperty("mfu").GetDouble()), 1e-5);
        foreach (var point in power.GetProperty("logistic").EnumerateArray())
            Assert.Equal(point.GetProperty("watts").GetDouble(), Example.WattsAt(point.GetProperty("concurrency").GetInt32()), 1e-5);
    }

    [Fact]
    public void The_curve_of_h100_passes_through_the_measured_batches()
    {
        var power = Create("auto", "h100-sxm")!;
        Assert.Equal(267, power.BusyWatts(Decode(1)), 0.5);
        Assert.Equal(680, power.BusyWatts(Decode(128)), 0.5);
        Assert.Equal((0, 75, 125), (power.RestWatts(PowerState.Off), power.RestWatts(PowerState.Idle), power.RestWatts(PowerState.Context)));
    }

    [Theory, InlineData("auto", "a100-80-sxm"), InlineData("auto", "h100-sxm"), InlineData("auto", "l4"), InlineData("linear:50,300,64", "l4"), InlineData("phase", "h100-sxm")]
    public void More_work_in_the_same_time_never_draws_less_and_rest_draws_least(string spec, string gpu)
    {
        var power = Create(spec, gpu)!;
        var last = power.RestWatts(PowerState.Context);
        Assert.True(power.RestWatts(PowerState.Idle) <= last);
        for (var batch = 1; batch <= 512; batch *= 2)
        {
            var watts = power.BusyWatts(Decode(batch));
            Assert.True(watts >= last, $"{watts} W at {batch} sequences, {last} W before");
            last = watts;
        }
    }

    [Theory, InlineData("auto", "a100-80-sxm"), InlineData("auto", "h100-sxm"), InlineData("linear:50,300,64", "l4"), InlineData("phase", "h100-sxm")]
    public void Iterations_of_a_run_draw_to_the_bit_what_they_draw_one_by_one(string spec, string gpu)
    {
        var power = Create(spec, gpu)!;
        var random = new RandomStream(5, "power of runs");
        for (var round = 0; round < 300; round++)
        {
            var ends = new SimTime[1 + random.NextInt(40)];
            var now = random.NextInt(1_000_000_000);
            for (var i = 0; i < ends.Length; i++) ends[i] = new(now += 1 + random.NextInt(random.NextInt(2) == 0 ? 100 : 30_000_000));
            var sequences = 1 + random.NextInt(300);
            var run = new DecodeRun
            {
                Instance = 0, Start = new(random.NextInt((int)ends[0].Nanoseconds)), LastToken = default, Sequences = sequences, Rows = sequences + random.NextInt(3),
                DecodeContextTokens = sequences * (long)random.NextInt(9000), WaitingRequests = 0, Ends = ends, UsedBlocks = new int[ends.Length],
            };
            var first = random.NextInt(ends.Length);
            var watts = new double[ends.Length - first];
            power.BusyWatts(run, first, watts);
            for (var i = 0; i < watts.Length; i++) Assert.Equal(power.BusyWatts(run[first + i]), watts[i]);
        }
    }

    [Fact]
    public void Flops_of_a_token_are_twice_the_weights_of_its_matrices()
    {
        // llama-3.1-8b: 32 layers of (2·4096² + 2·4096·1024) attention and 3·4096·14336 MLP weights.
        var flops = ModelFlops.Of(ModelCatalog.Get("llama-3.1-8b"));
        Assert.Equal(2.0 * 32 * ((2L * 4096 * 4096) + (2L * 4096 * 1024) + (3L * 4096 * 14336)), flops.PerToken);
        Assert.Equal(2.0 * 4096 * 128256, flops.PerRow);
        Assert.Equal(4.0 * 32 * 128 * 32, flops.PerPair);
        Assert.Equal((2 * flops.PerToken) + (2 * flops.PerRow) + (flops.PerPair * 202), flops.Flops(Decode(2) with { DecodeContextTokens = 200 }));
    }

    [Fact]
    public void Traffic_power_charges_every_byte_and_every_operation_once()
    {
        // llama-3.1-8b in 20 ms: all weights, and KV of 131,072 bytes a token for 200 cached and 2 new tokens.
        var model = ModelCatalog.Get("llama-3.1-8b");
        var cost = CostModelFactory.Create("roofline", model, AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);
        IPowerModel Of(string spec) => PowerModelFactory.Create(spec, model, AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single, cost)!;
        var iteration = Decode(2) with { DecodeContextTokens = 200 };
        Assert.Equal(100 + (76e-12 * (model.Sizes.WeightBytes + (131_072.0 * 202)) / 0.02), Of("traffic:100,76,0").BusyWatts(iteration), 1e-6);
        Assert.Equal(100 + (0.7e-12 * ModelFlops.Of(model).Flops(iteration) / 0.02), Of("traffic:100,0,0.7").BusyWatts(iteration), 1e-6);

        // A chunk on a quarter of the layers: a quarter of everything.
        var whole = Decode(0) with { PrefillTokens = 1000, PrefillSequences = 1, PrefillPairs = 500_500 };
        var quarter = whole with { LayerShare = 0.25 };
        foreach (var spec in new[] { "traffic:0,76,0", "traffic:0,0,0.7" })
            Assert.Equal(Of(spec).BusyWatts(whole) / 4, Of(spec).BusyWatts(quarter), 1e-6);
        Assert.Contains("given with the run", Of("traffic:100,76,0.7").Info.Source, StringComparison.Ordinal);
        Assert.Contains("derived", Of("traffic").Info.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void Traffic_power_without_known_expert_reads_is_refused()
    {
        var (model, gpu) = (ModelCatalog.Get("qwen3-30b-a3b"), AcceleratorCatalog.Get("h100-sxm"));
        var linear = CostModelFactory.Create("linear:1,0,0,0,0", model, gpu, new(2, 1));
        Assert.Contains("expert reads", Assert.Throws<InputException>(() => PowerModelFactory.Create("traffic", model, gpu, new(2, 1), linear)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scaled_curve_says_so_and_unknown_watts_give_no_model()
    {
        Assert.Contains("A100's curve is scaled", Assert.Single(Create("auto", "l40s")!.Info.Warnings), StringComparison.Ordinal);
        Assert.Null(Create("auto", "tpu-v5e"));
        Assert.Null(Create("none", "h100-sxm"));
    }

    [Theory]
    [InlineData("phase", "l4", "no phase constants of l4 are known")]
    [InlineData("mfu:100,400,0.45", "l4", "mfu takes 4 numbers, 3 are given")]
    [InlineData("mfu:400,100,0.45,0.7", "l4", "below the first")]
    [InlineData("logisitc", "l4", "did you mean \"logistic\"")]
    [InlineData("linear", "l4", "give its three numbers")]
    [InlineData("phase:1,x,3", "l4", "\"x\" is not a number")]
    public void A_bad_text_gets_a_clear_error(string spec, string gpu, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Create(spec, gpu)).Message, StringComparison.OrdinalIgnoreCase);

    private static IPowerModel? Create(string spec, string gpu) =>
        PowerModelFactory.Create(spec, ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get(gpu), ParallelLayout.Single);

    private static IterationRecord Decode(int sequences) => RunScript.Iteration(SimTime.FromSeconds(1), sequences, milliseconds: 20);
}
