using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.Tests.CostModels;

/// <summary>Hand-computed bytes and times of number formats.</summary>
public sealed class PrecisionTests
{
    private static readonly ModelSpec _llama = ModelCatalog.Get("llama-3.1-8b");
    private static readonly AcceleratorSpec _a100 = AcceleratorCatalog.Get("a100-80-sxm");

    [Theory]
    [InlineData("bf16", 16_060_522_496)]
    [InlineData("fp8-block", 9_082_904_576)]
    [InlineData("int4", 5_727_854_592)]
    [InlineData("w4a8kv4", 5_700_591_616)]
    [InlineData("mxfp4", 5_809_643_520)]
    public void Weights_take_the_bytes_of_their_formats(string precision, double bytes) =>
        Assert.Equal(bytes, PrecisionProfile.Parse(precision).WeightBytesOf(_llama));

    [Theory, InlineData("bf16", 131_072), InlineData("kv-fp8", 65_536), InlineData("bf16+kv-int8", 67_584), InlineData("w4a8kv4", 34_816)]
    public void A_token_takes_the_bytes_of_its_cache_format(string precision, double bytes) =>
        Assert.Equal(bytes, PrecisionProfile.Parse(precision).KvBytesPerToken(_llama));

    [Theory]
    [InlineData("bf16", 256, 192.72)]
    [InlineData("int4", 256, 192.72)]      // weight-only formats do nothing for large batches
    [InlineData("int8", 256, 96.36)]
    [InlineData("w4axkv4", 256, 55.89)]
    [InlineData("bf16", 16, 115.71)]
    [InlineData("int4", 16, 30.44)]
    public void An_ideal_gate_up_gemm_takes_its_computed_time(string precision, int tokens, double expected)
    {
        var cost = CostModelFactory.Create("roofline:f0", _llama, _a100, ParallelLayout.Single, CostOptions.Default with { Precision = PrecisionProfile.Parse(precision) });
        var row = Assert.Single(cost.Explain(Batch.Decodes(tokens, 10).Sums()).Rows, row => row.Operator == "gate+up");
        Assert.Equal(expected, row.Microseconds / row.Count, 0.006);
    }

    [Fact]
    public void A_device_without_a_format_uses_the_next_wider_one()
    {
        Assert.Equal(NumberFormat.Bf16, PrecisionProfile.Parse("fp8").FormatOn(_a100));
        Assert.Equal(NumberFormat.Int8, PrecisionProfile.Parse("w4axkv4").FormatOn(AcceleratorCatalog.Get("h100-sxm")));
        Assert.Equal(0.8, PrecisionProfile.Parse("fp8").EfficiencyOn(_a100, waitsForMemory: false));
    }

    [Theory, InlineData("fp8"), InlineData("fp8-block"), InlineData("int8"), InlineData("int4"), InlineData("mxfp4"), InlineData("fp8+kv-fp8")]
    public void Narrow_formats_speed_up_a_small_decode_batch(string precision)
    {
        var gpu = AcceleratorCatalog.Get("h100-sxm");
        var plain = new ServeSim.CostModels.Roofline.CalibratedCostModel(_llama, gpu, ParallelLayout.Single, CostOptions.KernelsOnly);
        var narrow = new ServeSim.CostModels.Roofline.CalibratedCostModel(_llama, gpu, ParallelLayout.Single, CostOptions.KernelsOnly with { Precision = PrecisionProfile.Parse(precision) });
        var batch = Batch.Decodes(8, 2000);
        Assert.True(narrow.IterationMicroseconds(batch.Sums()) < 0.85 * plain.IterationMicroseconds(batch.Sums()));
    }

    [Theory, InlineData("fp9", "fp8"), InlineData("fp8+kv-fp9", "kv-fp8")]
    public void An_unknown_format_is_answered_with_the_nearest(string text, string near) =>
        Assert.Contains(near, Assert.Throws<InputException>(() => PrecisionProfile.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_format_of_experts_leaves_projections_and_dense_layers_alone()
    {
        var native = PrecisionProfile.For("native+kv-fp8", ModelCatalog.Get("gpt-oss-20b"));
        Assert.Equal(("mxfp4+kv-fp8", 2, 2, 17.0 / 32), (native.Name, native.BytesOf(WeightClass.Attention), native.BytesOf(WeightClass.Mlp), native.BytesOf(WeightClass.Experts)));
    }

    [Theory, InlineData("roofline:f0"), InlineData("roofline:f2")]
    public void Levels_without_shared_experts_refuse_them(string level) => Assert.Contains("use roofline:calibrated", Assert.Throws<InputException>(() =>
        CostModelFactory.Create(level, ModelCatalog.Get("qwen3-30b-a3b"), _a100, new(4, 1) { Expert = 4 })).Message, StringComparison.Ordinal);

    [Fact]
    public void Levels_for_two_bytes_refuse_other_formats() => Assert.Throws<InputException>(() =>
        CostModelFactory.Create("roofline:f2", _llama, _a100, ParallelLayout.Single, CostOptions.Default with { Precision = PrecisionProfile.Parse("int4") }));
}
