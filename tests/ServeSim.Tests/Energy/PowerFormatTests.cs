using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Energy;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.Tests.Energy;

/// <summary>What power curves make of number formats.</summary>
public sealed class PowerFormatTests
{
    private static readonly AcceleratorSpec _l40s = AcceleratorCatalog.Get("l40s");

    [Theory, InlineData("llama-3.1-8b"), InlineData("qwen3-30b-a3b"), InlineData("deepseek-v2-lite")]
    public void An_operation_counts_by_the_rate_of_its_units(string name)
    {
        var model = ModelCatalog.Get(name);
        ModelFlops Flops(string precision) => FlopsByFormat.Of(model, _l40s, PrecisionProfile.For(precision, model));
        var (plain, fp8) = (Flops("bf16"), Flops("fp8"));
        Assert.Equal(ModelFlops.Of(model), plain);
        Assert.Equal(plain, Flops("int4"));       // four-bit weights, two-byte arithmetic
        Assert.Equal((plain.PerRow, plain.PerPair), (fp8.PerRow, fp8.PerPair));

        // All matrices but the router run at 733 instead of 362 TFLOP/s.
        var router = 2.0 * model.ExpertLayers * model.HiddenSize * (model.Experts?.Experts ?? 0);
        Assert.Equal(router + ((plain.PerToken - router) * 362 / 733), fp8.PerToken, 1e-6 * plain.PerToken);
        Assert.Equal(plain, FlopsByFormat.Of(model, AcceleratorCatalog.Get("a100-80-sxm"), PrecisionProfile.Parse("fp8")));    // no units for it
    }

    [Fact]
    public void Experts_alone_in_a_narrow_format_leave_the_projections_as_they_are()
    {
        var (model, b200) = (ModelCatalog.Get("gpt-oss-20b"), AcceleratorCatalog.Get("b200"));
        var native = FlopsByFormat.Of(model, b200, PrecisionProfile.For("native", model));
        var experts = 2.0 * model.ExpertLayers * model.Experts!.ActivePerToken * model.Sizes.ExpertMatrices;
        Assert.Equal(ModelFlops.Of(model).PerToken - (experts * 0.75), native.PerToken, 1e-6 * experts);
    }

    [Fact]
    public void The_same_iteration_in_the_same_time_draws_less_in_fp8()
    {
        var iteration = new IterationRecord
        {
            Instance = 0, Start = SimTime.Zero, End = SimTime.FromSeconds(0.2), PrefillTokens = 1000, PrefillSequences = 1, DecodeSequences = 0, EmittedTokens = 1,
            UsedBlocks = 63, WaitingRequests = 0, Preemptions = 0, SwappedBytes = 0, PrefillPairs = 500_500,
        };
        double Watts(string precision) => Model("auto", "l40s", precision).BusyWatts(iteration);
        Assert.InRange(Watts("fp8"), Model("auto", "l40s", "bf16").RestWatts(PowerState.Context), 0.9 * Watts("bf16"));
        Assert.Equal(Watts("bf16"), Watts("int4"));
    }

    [Theory]
    [InlineData("auto", "h100-sxm", "the logistic curve does not know number formats")]
    [InlineData("phase", "h100-sxm", "the phase curve does not know number formats")]
    [InlineData("traffic", "h100-sxm", "picojoules per FLOP those of two-byte arithmetic")]
    [InlineData("auto", "l40s", "operations count by the rate of their units")]
    public void Reports_say_what_the_curve_makes_of_the_format(string spec, string gpu, string warning)
    {
        Assert.Contains(Model(spec, gpu, "fp8").Info.Warnings, w => w.Contains(warning, StringComparison.Ordinal));
        Assert.DoesNotContain(Model(spec, gpu, "bf16").Info.Warnings, w => w.Contains("power in", StringComparison.Ordinal));
    }

    private static IPowerModel Model(string spec, string gpu, string precision)
    {
        var (model, device) = (ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get(gpu));
        var cost = CostModelFactory.Create("roofline", model, device, ParallelLayout.Single);
        return PowerModelFactory.Create(spec, model, device, ParallelLayout.Single, cost, PrecisionProfile.Parse(precision))!;
    }
}
