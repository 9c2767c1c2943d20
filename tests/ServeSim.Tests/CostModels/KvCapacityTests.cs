using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.Tests.CostModels;

public sealed class KvCapacityTests
{
    private static readonly AcceleratorSpec _h100 = AcceleratorCatalog.Get("h100-sxm");

    [Fact]
    public void A_model_that_is_too_large_names_the_missing_memory_and_the_smallest_tp_that_fits()
    {
        // 0.9·80 − 131.42 − 5.65 GiB leaves 65.06 GiB too little, and no block either.
        var error = Assert.Throws<InputException>(() => KvCapacity.Of(ModelCatalog.Get("llama-3.1-70b"), _h100, ParallelLayout.Single));
        Assert.Contains("65.07 GiB", error.Message, StringComparison.Ordinal);
        var (two, four) = (KvCapacity.Of(ModelCatalog.Get("llama-3.1-70b"), _h100, new(2, 1)), KvCapacity.Of(ModelCatalog.Get("llama-3.1-70b"), _h100, new(4, 1)));
        Assert.Contains($"--tp 2 would fit with room for {two.Tokens} tokens of KV, --tp 4 for {four.Tokens}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_no_tp_can_hold_says_so() => Assert.Contains(
        "no --tp of 1, 2, 4, 8 fits",
        Assert.Throws<InputException>(() => KvCapacity.Of(ModelCatalog.Get("llama-3.1-405b"), _h100, ParallelLayout.Single)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Kv_heads_are_copied_when_there_are_more_devices_than_heads()
    {
        var qwen = ModelCatalog.Get("qwen3-30b-a3b");    // four KV heads
        var four = KvCapacity.Of(qwen, _h100, new(4, 1));
        var eight = KvCapacity.Of(qwen, _h100, new(8, 1));
        Assert.Equal(98_304 / 4 * 16, four.BlockBytesPerDevice);
        Assert.Equal(four.BlockBytesPerDevice, eight.BlockBytesPerDevice);
    }

    [Fact]
    public void The_latent_cache_is_whole_on_every_device()
    {
        var lite = ModelCatalog.Get("deepseek-v2-lite");
        Assert.Equal(31_104 * 16, KvCapacity.Of(lite, _h100, new(8, 1)).BlockBytesPerDevice);
    }

    [Fact]
    public void The_stage_with_most_layers_sets_the_block_size_in_bytes()
    {
        var llama = ModelCatalog.Get("llama-3.1-8b");    // 32 layers in stages of 11, 11, 10
        Assert.Equal(11 * 4096 * 16, KvCapacity.Of(llama, _h100, new(1, 3)).BlockBytesPerDevice);
    }

    [Fact]
    public void Windowed_models_are_counted_in_full_and_say_so()
    {
        var capacity = KvCapacity.Of(ModelCatalog.Get("gemma-3-27b"), _h100, new(2, 1));
        Assert.Equal(507_904 / 2 * 16, capacity.BlockBytesPerDevice);
        Assert.Contains(capacity.Warnings, warning => warning.Contains("52 of 62 layers", StringComparison.Ordinal));
    }

    [Fact]
    public void Sparse_models_keep_more_memory_back()
    {
        var gib = 1024.0 * 1024 * 1024;
        Assert.Equal(8.6 * gib, KvCapacity.Of(ModelCatalog.Get("mixtral-8x7b"), _h100, new(2, 1)).ReserveBytes, 1);
        Assert.Equal(5.65 * gib, KvCapacity.Of(ModelCatalog.Get("llama-2-7b"), _h100, ParallelLayout.Single).ReserveBytes, 1);
    }

    [Theory]
    [InlineData("bf16", 26_312)]
    [InlineData("fp8-block+kv-fp8", 59_280)]
    [InlineData("int4", 31_239)]
    [InlineData("w4a8kv4", 117_658)]
    public void Narrow_formats_leave_room_for_more_blocks(string precision, int blocks) => Assert.Equal(blocks,
        KvCapacity.Of(ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("a100-80-sxm"), ParallelLayout.Single, null, PrecisionProfile.Parse(precision)).Blocks);

    [Theory, InlineData("deepseek-v3", "fp8-block"), InlineData("gpt-oss-120b", "mxfp4"), InlineData("llama-3.1-8b", "bf16")]
    public void A_native_precision_is_sized_by_the_published_bytes(string name, string format)
    {
        var model = ModelCatalog.Get(name);
        var native = PrecisionProfile.For("native", model);
        Assert.Equal(format, native.Name);
        Assert.Equal(1, native.WeightBytesOf(model) / model.Sizes.PublishedWeightBytes, 1e-6);    // norms inside attention keep two bytes
        var capacity = KvCapacity.Of(model, AcceleratorCatalog.Get("b200"), new(8, 1), null, native);
        Assert.Equal(native.WeightBytesOf(model) / 8, capacity.WeightBytesPerDevice, 1);
        Assert.DoesNotContain(capacity.Warnings, warning => warning.Contains("published", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_fits_in_eight_bits_only_says_in_which_format_it_does_not_fit()
    {
        var llama = ModelCatalog.Get("llama-3.1-70b");
        Assert.Contains("in FP8 (", Assert.Throws<InputException>(() => KvCapacity.Of(llama, _h100, ParallelLayout.Single, null, PrecisionProfile.Parse("fp8"))).Message, StringComparison.Ordinal);
        Assert.True(KvCapacity.Of(llama, _h100, new(2, 1), null, PrecisionProfile.Parse("fp8")).Blocks > 3 * KvCapacity.Of(llama, _h100, new(2, 1)).Blocks);
    }

    [Fact]
    public void Attention_replicas_hold_their_share_of_the_experts_only()
    {
        var model = ModelCatalog.Get("qwen3-30b-a3b");
        var experts = 2.0 * model.Sizes.RoutedExpertParameters;
        var capacity = KvCapacity.Of(model, _h100, new(1, 1) { Expert = 4, Data = 4 });
        Assert.Equal(model.Sizes.WeightBytes - (experts * 3 / 4), capacity.WeightBytesPerDevice, 1);
        Assert.Equal(KvCapacity.Of(model, _h100, new(4, 1)).WeightBytesPerDevice, KvCapacity.Of(model, _h100, new(4, 1) { Expert = 4 }).WeightBytesPerDevice, 1);
    }

    [Theory, InlineData(0.0, 16), InlineData(1.5, 16), InlineData(double.NaN, 16), InlineData(0.9, 0)]
    public void Options_out_of_range_are_refused(double utilization, int blockSize) => Assert.Throws<InputException>(() => KvCapacity.Of(
        ModelCatalog.Get("llama-2-7b"), _h100, ParallelLayout.Single, new() { Utilization = utilization, BlockSize = blockSize }));

    [Fact]
    public void A_shape_that_misses_its_published_total_is_not_loaded()
    {
        // 2·(4·64 + 3·128) + 5·8 + 2·256 = 1832 parameters.
        const string Shape = "x; hf=y/x; layers=2; hidden=8; heads=2/2/4; ffn=16; vocab=32; context=64; source=test; confidence=high; published=";
        Assert.Contains("1832", Assert.Throws<InvalidDataException>(() => ModelCatalog.Read(Shape + "1841")).Message, StringComparison.Ordinal);
        Assert.Equal(1832, ModelCatalog.Read(Shape + "1832").Sizes.Parameters);
    }
}
