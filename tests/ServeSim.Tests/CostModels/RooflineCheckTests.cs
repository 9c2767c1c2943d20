using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Hand-computed numbers for Llama-3.1-8B on one H100 in BF16.</summary>
public sealed class RooflineCheckTests
{
    private static readonly ModelSpec _llama = ModelCatalog.Get("llama-3.1-8b");
    private static readonly AcceleratorSpec _h100 = AcceleratorCatalog.Get("h100-sxm");
    private static readonly RooflineCostModel _ideal = RooflineCostModel.Ideal(_llama, _h100, ParallelLayout.Single, CostOptions.Default);
    private static readonly RooflineCostModel _fitted = RooflineCostModel.Fitted(_llama, _h100, ParallelLayout.Single, CostOptions.KernelsOnly);

    [Fact]
    public void Check_1_ideal_decode_of_32_requests_at_1024_takes_5813_83_microseconds()
    {
        var cost = _ideal.Explain(Batch.Decodes(32, 1024).Sums());
        Each(cost, "qkv", 15.2200);
        Each(cost, "attention out", 10.1728);
        Each(cost, "gate+up", 70.7398);
        Each(cost, "down", 35.4090);
        Each(cost, "attention", 40.2606);
        Each(cost, "lm head", 316.1623);
        Assert.Equal(134_873_088.0 * 32, Row(cost, "attention").MemoryBytes);
        Near(5813.83, cost, 0.005);
    }

    [Fact]
    public void Check_2_ideal_prefill_of_2048_tokens_takes_30319_12_microseconds()
    {
        var batch = Batch.Prompt(2048);
        Assert.Equal(2_098_176, batch.Sums().PrefillPairs);
        var cost = _ideal.Explain(batch.Sums());
        Each(cost, "attention", 34.7448);
        Each(cost, "qkv", 104.1836);
        Each(cost, "gate+up", 486.1900, 1e-4);
        Each(cost, "lm head", 313.713, 1e-3);
        Assert.Equal(BoundBy.Compute, Row(cost, "attention").Bound);
        Near(30_319.12, cost, 0.005);
    }

    [Fact]
    public void Check_3_ideal_mixed_batch_takes_9385_17_microseconds()
    {
        var batch = Batch.Prompt(512, 1536, completes: false);
        Assert.Equal(917_760, batch.Sums().PrefillPairs);
        var cost = _ideal.Explain(batch.AddDecodes(31, 1024).Sums());
        Each(cost, "attention", 44.0106);
        Near(9385.17, cost, 0.005);
    }

    [Fact]
    public void Check_4_fitted_decode_of_32_requests_at_1024_takes_7952_89_microseconds()
    {
        var cost = _fitted.Explain(Batch.Decodes(32, 1024).Sums());
        Each(cost, "qkv", 21.007, 1e-3);
        Each(cost, "attention out", 15.191, 1e-3);
        Each(cost, "gate+up", 84.981, 1e-3);
        Each(cost, "down", 44.270, 1e-3);
        Each(cost, "decode attention", 61.407, 1e-3);
        Each(cost, "norm", 2.391, 1e-3);
        Each(cost, "rope and cache write", 2.293, 1e-3);
        Each(cost, "activation", 3.027, 1e-3);
        Each(cost, "lm head", 367.773, 1e-3);
        Assert.Equal(65, Row(cost, "norm").Count);
        Near(7952.89, cost, 0.01);
    }

    [Fact]
    public void Check_4_trained_decode_of_32_requests_at_1024_takes_9470_53_microseconds()
    {
        var trained = new TrainedCostModel(_llama, _h100, ParallelLayout.Single, CostOptions.Default);
        var cost = trained.Explain(Batch.Decodes(32, 1024).Shape());
        Assert.Equal(1.94710771 * 1283.332, Row(cost, "decode KV read").Microseconds, 2e-3);
        Assert.Equal(1.36252915 * 4166.759, Row(cost, "weight read").Microseconds, 2e-3);
        Near(9470.53, cost, 0.005);
    }

    [Fact]
    public void Check_5_all_reduce_of_32_rows_over_four_devices_follows_the_fits_and_the_ring_formula()
    {
        const double Bytes = 32 * 4096 * 2;
        Assert.Equal(262_144, Bytes);
        Assert.Equal(6.206, CollectiveFits.Find("h100-sxm", "custom", "all_reduce", 4)!.Microseconds(Bytes), 1e-3);
        Assert.Equal(12.097, CollectiveFits.Find("h100-sxm", "nccl", "all_reduce", 4)!.Microseconds(Bytes), 1e-3);
        Assert.Equal(29.019, CollectiveTime.RingMicroseconds(8, Bytes, start: 0, hop: 2, bytesPerMicrosecond: 450e3), 1e-3);
        Assert.Equal(6.206, new CollectiveTime(_h100, 4).AllReduceMicroseconds(Bytes), 1e-3);
    }

    [Theory]
    [InlineData(8, 2, 1, 2.0)]
    [InlineData(8, 2, 8, 7.1991)]
    [InlineData(8, 2, 32, 7.9992)]
    [InlineData(256, 8, 32, 163.314)]
    [InlineData(256, 8, 128, 251.601)]
    [InlineData(128, 8, 16, 82.4225)]
    public void Check_6_uniform_routing_touches_the_expected_number_of_experts(int experts, int active, int tokens, double expected) =>
        Assert.Equal(expected, ExpertCoverage.Uniform(experts, active, tokens), expected > 100 ? 5e-4 : 5e-5);

    [Fact]
    public void Check_8_an_80_GiB_device_holds_26312_blocks()
    {
        var capacity = KvCapacity.Of(_llama, _h100, ParallelLayout.Single);
        Assert.Equal(16_060_522_496, _llama.Sizes.WeightBytes);
        Assert.Equal(26_312, capacity.Blocks);
        Assert.Equal(420_992, capacity.Tokens);
        Assert.Equal(16 * 131_072, capacity.BlockBytesPerDevice);
        Assert.Equal(50, capacity.HostLinkGigabytesPerSecond);
    }

    private static CostRow Row(CostBreakdown cost, string name) => Assert.Single(cost.Rows, row => row.Operator == name);

    private static void Each(CostBreakdown cost, string name, double microseconds, double tolerance = 6e-5) =>
        Assert.Equal(microseconds, Row(cost, name).Microseconds / Row(cost, name).Count, tolerance);

    private static void Near(double microseconds, CostBreakdown cost, double tolerance)
    {
        Assert.Equal(microseconds, cost.Total.Nanoseconds / 1e3, tolerance);
        Assert.Equal(cost.Microseconds, cost.Total.Nanoseconds / 1e3, 1e-3);
    }
}
