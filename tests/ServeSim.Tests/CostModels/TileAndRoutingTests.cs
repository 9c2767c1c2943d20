using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;

namespace ServeSim.Tests.CostModels;

/// <summary>What tiles do to a GEMM and routing to a layer of experts.</summary>
public sealed class TileAndRoutingTests
{
    private static readonly DeviceRates _h100 = DeviceRates.Of(AcceleratorCatalog.Get("h100-sxm"));
    private static readonly GemmLaw _tiled = new(5, 0.75, 0.9, 2, Waves: 0.5, MediumTile: 1.3, SmallTile: 1.5, EdgeInputs: 50);
    private static readonly ExpertLaw _experts = new(20, 0.6, 0.9, 1.3, 1, 0.9, 2, 2, 3, 1, 2);

    [Fact]
    public void More_rows_outputs_or_inputs_never_take_less_time()
    {
        double before = 0;
        for (var m = 1; m < 3000; m += 7)
        {
            var time = _tiled.Microseconds(m, 5120, 4096, 2, 2, _h100);
            Assert.True(time >= before, $"{m} rows");
            before = time;
        }

        for (var size = 64; size < 20_000; size += 63)
        {
            Assert.True(_tiled.Microseconds(300, size + 63, 4096, 2, 2, _h100) >= _tiled.Microseconds(300, size, 4096, 2, 2, _h100));
            Assert.True(_tiled.Microseconds(300, 4096, size + 63, 2, 2, _h100) >= _tiled.Microseconds(300, 4096, size, 2, 2, _h100));
        }
    }

    [Fact]
    public void One_row_more_than_a_full_wave_costs_a_step_and_whole_waves_cost_nothing_extra()
    {
        // 132 multiprocessors: 256 rows of 132 columns of tiles are one full wave.
        const int columns = 132 * 128;
        double Time(int m) => _tiled.Microseconds(m, columns, 8192, 2, 2, _h100);
        Assert.True(Time(257) > 1.1 * Time(256));
        Assert.Equal(_tiled.WithoutTiles().Microseconds(256, columns, 8192, 2, 2, _h100), Time(256), 1e-9);
        Assert.True(Time(257) > _tiled.WithoutTiles().Microseconds(257, columns, 8192, 2, 2, _h100));
    }

    [Theory]
    [InlineData(ExpertRouting.Balanced, 4, 32)]     // 4 tokens of 8 experts each: nobody twice
    [InlineData(ExpertRouting.Uniform, 4, 28.411)]
    [InlineData(ExpertRouting.Balanced, 1000, 128)]
    public void Routing_says_how_many_experts_are_read(ExpertRouting routing, double tokens, double expected) =>
        Assert.Equal(expected, _experts.Touched(new(2048, 768, 8, 128), tokens, routing), 0.01);

    [Fact]
    public void The_busiest_rank_reads_at_least_one_expert_and_has_at_most_every_token_once()
    {
        var few = new ExpertLayer(4096, 14336, 2, 8, ExpertRanks: 8);
        Assert.Equal(1, _experts.Touched(few, 1, ExpertRouting.Uniform), 1e-12);
        Assert.Equal(4, _experts.Imbalance(few, ExpertRouting.Skewed), 1e-12);
        Assert.Equal(1, _experts.Imbalance(few, ExpertRouting.Balanced));
        Assert.Equal(1, _experts.Imbalance(few with { ExpertRanks = 1 }, ExpertRouting.Skewed));
        Assert.Equal(1 + (2 * 7 / Math.Sqrt(128)), _experts.Imbalance(new(2048, 768, 8, 128, ExpertRanks: 8), ExpertRouting.Skewed), 1e-12);
    }

    [Theory, InlineData(ExpertRouting.Uniform), InlineData(ExpertRouting.Balanced), InlineData(ExpertRouting.Skewed)]
    public void More_tokens_never_take_less_time_and_rows_off_the_grid_take_more(ExpertRouting routing)
    {
        var layer = new ExpertLayer(2048, 768, 8, 128, ExpertRanks: 4);
        double before = 0;
        for (var tokens = 0; tokens < 5000; tokens += 13)
        {
            var time = _experts.Microseconds(layer, tokens, routing, 2, _h100);
            Assert.True(time >= before, $"{tokens} tokens");
            before = time;
        }

        Assert.True(_experts.Microseconds(layer with { FfnSize = 760 }, 64, routing, 2, _h100) > _experts.Microseconds(layer, 64, routing, 2, _h100));
    }
}
