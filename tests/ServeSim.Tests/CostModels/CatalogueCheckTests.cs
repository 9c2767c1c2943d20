using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Models;

namespace ServeSim.Tests.CostModels;

/// <summary>Published totals and hand-computed sizes.</summary>
public sealed class CatalogueCheckTests
{
    [Theory]
    [InlineData("llama-2-7b", 6_738_415_616)]
    [InlineData("llama-3.1-405b", 405_853_388_800)]
    [InlineData("qwen3-235b-a22b", 235_093_634_560)]
    [InlineData("deepseek-v3", 671_026_419_200)]
    [InlineData("gpt-oss-120b", 116_829_156_672)]
    [InlineData("phi-2", 2_779_683_840)]
    public void Check_1_parameters_follow_from_the_shape(string model, long parameters) =>
        Assert.Equal(parameters, ModelCatalog.Get(model).Sizes.Parameters);

    [Fact]
    public void Check_1_a_token_of_qwen3_235b_uses_22_billion_parameters() =>
        Assert.Equal(22_190_763_520, ModelCatalog.Get("qwen3-235b-a22b").Sizes.ActiveParameters);

    [Theory]
    [InlineData("llama-3.1-8b", 131_072)]
    [InlineData("qwen2.5-7b", 57_344)]
    [InlineData("mixtral-8x7b", 131_072)]
    [InlineData("qwen3-30b-a3b", 98_304)]
    [InlineData("gemma-3-27b", 507_904)]
    public void Check_2_kv_bytes_per_token_follow_from_the_shape(string model, long bytes) =>
        Assert.Equal(bytes, ModelCatalog.Get(model).Sizes.KvBytesPerToken);

    [Fact]
    public void Check_2_windowed_layers_hold_a_window_only()
    {
        var sizes = ModelCatalog.Get("gemma-3-27b").Sizes;
        Assert.Equal(81_920, sizes.KvBytesPerTokenGlobalLayers);
        Assert.Equal(425_984, sizes.KvBytesPerTokenWindowedLayers);
        Assert.Equal(1_255_407_616, sizes.KvBytes(10_000));
        Assert.Equal(5_079_040_000, sizes.KvBytesPerToken * 10_000);
    }

    [Fact]
    public void Check_3_gpt_oss_20b_is_published_in_13_761_264_768_bytes()
    {
        var sizes = ModelCatalog.Get("gpt-oss-20b").Sizes;
        Assert.Equal(19_110_297_600, sizes.RoutedExpertParameters);
        Assert.Equal(1_804_459_584, sizes.Parameters - sizes.RoutedExpertParameters);
        Assert.Equal(13_761_264_768, sizes.PublishedWeightBytes);
    }

    [Fact]
    public void Check_4_the_latent_cache_of_deepseek_v3_is_71_times_smaller_than_an_expanded_one()
    {
        var model = ModelCatalog.Get("deepseek-v3");
        var latent = model.LatentAttention!;
        var expanded = (long)model.Layers * model.QueryHeads
            * (latent.NopeHeadSize + latent.RopeHeadSize + latent.ValueHeadSize) * ModelSizes.BytesPerValue;
        Assert.Equal(4_997_120, expanded);
        Assert.Equal(70_272, model.Sizes.KvBytesPerToken);
        Assert.Equal(71.1, (double)expanded / model.Sizes.KvBytesPerToken, 0.05);
    }

    [Fact]
    public void Check_5_llama_70b_on_four_a100_holds_27071_blocks()
    {
        var capacity = KvCapacity.Of(ModelCatalog.Get("llama-3.1-70b"), AcceleratorCatalog.Get("a100-80-sxm"), new(4, 1));
        Assert.Equal(35_276_853_248, capacity.WeightBytesPerDevice);
        Assert.Equal(16 * 81_920, capacity.BlockBytesPerDevice);
        Assert.Equal(27_071, capacity.Blocks);
    }

    [Theory, InlineData("a100-80-sxm", 153.0), InlineData("h100-sxm", 295.3)]
    public void Check_6_peak_flops_per_byte(string gpu, double ratio) =>
        Assert.Equal(ratio, AcceleratorCatalog.Get(gpu).RidgeFlopsPerByte, 0.05);
}
