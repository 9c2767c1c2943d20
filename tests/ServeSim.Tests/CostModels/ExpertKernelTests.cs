using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;

namespace ServeSim.Tests.CostModels;

/// <summary>What kernels of fused experts do to a layer: whole tiles, weights read twice, weights found in the cache.</summary>
public sealed class ExpertKernelTests
{
    private static readonly DeviceRates _b200 = DeviceRates.Of(AcceleratorCatalog.Get("b200"));
    private static readonly ExpertLaw _plain = new(20, 0.4, 0.9, 4, 0, Local: 0);
    private static readonly ExpertLayer _many = new(4096, 1536, 8, 128);
    private static readonly ExpertLayer _large = new(4096, 14336, 2, 8);

    public static TheoryData<string, ExpertLaw> Kernels => new()
    {
        { "tiles of 16", _plain with { TileRows = 16, CrowdedTileRows = 16 } },
        { "larger tiles for a crowd", _plain with { TileRows = 16, CrowdedTileRows = 64, Tuned = 2 } },
        { "weights read again", _plain with { TileRows = 16, CrowdedTileRows = 16, RereadFill = 0.8, RereadRows = 80 } },
        { "weights in the cache", _plain with { CachedFill = 1, CachedGain = 8 } },
        { "another kernel for odd sizes", _plain with { OddStart = 2, OddCompute = 2, OddMemory = 1.2 } },
    };

    [Theory, MemberData(nameof(Kernels))]
    public void More_tokens_never_take_less_time_whatever_the_kernel(string because, ExpertLaw law)
    {
        foreach (var layer in (ExpertLayer[])[_many, _large, _many with { ExpertRanks = 4 }, _many with { FfnSize = 88, Split = 8 }])
        {
            foreach (var routing in Enum.GetValues<ExpertRouting>())
            {
                double before = 0;
                for (var tokens = 0; tokens < 4000; tokens += tokens < 300 ? 1 : 17)
                {
                    var time = law.Microseconds(layer, tokens, routing, 2, _b200);
                    Assert.True(time >= before * (1 - 1e-12), $"{because}: {layer}, {routing}, {tokens} tokens");
                    before = time;
                }
            }
        }
    }

    [Fact]
    public void An_expert_fills_whole_tiles()
    {
        // 1,024 tokens of 8 of 128 experts: 64 rows each. One token more in every expert opens another tile.
        var law = _plain with { TileRows = 64, CrowdedTileRows = 64, Bandwidth = 100 };
        double Time(double tokens) => law.Microseconds(_many, tokens, ExpertRouting.Balanced, 2, _b200) - law.StartMicroseconds;
        Assert.Equal(Time(1024), Time(512), 1e-9);
        Assert.Equal(2, Time(1040) / Time(1024), 1e-6);
    }

    [Fact]
    public void A_crowd_takes_larger_tiles_unless_they_were_tuned()
    {
        var law = _plain with { TileRows = 16, CrowdedTileRows = 64, Tuned = 2, Bandwidth = 100 };
        double Time(double tokens, bool isTuned) => law.Microseconds(_many, tokens, ExpertRouting.Balanced, 2, _b200, isTuned) - law.StartMicroseconds;
        Assert.Equal(4, Time(129, false) / Time(128, false), 1e-4);
        Assert.Equal(1, Time(129, true) / Time(128, true), 1e-6);
        Assert.True(TunedExperts.Has("a100-80-sxm", _large with { FfnSize = 3584 }));
        Assert.False(TunedExperts.Has("a100-80-sxm", _large));
        Assert.False(TunedExperts.Has("h100-sxm", _large with { FfnSize = 3584 }));
    }

    [Fact]
    public void Large_experts_are_read_again_for_every_tile_and_small_ones_come_from_the_cache()
    {
        var once = _plain with { Compute = 100 };
        var again = once with { RereadFill = 0.8, RereadRows = 80 };
        double Gain(in ExpertLayer layer, double tokens) =>
            again.Microseconds(layer, tokens, ExpertRouting.Balanced, 2, _b200) / once.Microseconds(layer, tokens, ExpertRouting.Balanced, 2, _b200);
        Assert.Equal(1, Gain(_large, 32), 1e-9);
        Assert.InRange(Gain(_large, 64), 1.6, 2);
        Assert.InRange(Gain(_many, 256), 1, 1.2);
    }

    [Fact]
    public void Cached_weights_are_faster_in_a_benchmark_only()
    {
        var law = _plain with { CachedFill = 1, CachedGain = 8 };
        double Time(in ExpertLaw timed) => timed.Microseconds(_many with { FfnSize = 384, Split = 4 }, 1, ExpertRouting.Balanced, 2, _b200);
        Assert.Equal(_plain.StartMicroseconds + ((Time(_plain) - _plain.StartMicroseconds) / 8), Time(law), 1.5);
        Assert.Equal(Time(_plain), Time(law.InEngine()), 1e-9);
        Assert.Equal(1, new CalibratedLaws(CoefficientSet.Shipped, "vllm", AcceleratorCatalog.Get("l40s")).Experts(ServeSim.CostModels.Precision.NumberFormat.Bf16).CachedGain);
    }

    [Theory]
    [InlineData("h100-sxm", "experts-fp8", 128, 128)]
    [InlineData("h100-sxm", "experts-bf16", 16, 16)]
    [InlineData("a100-80-sxm", "experts-bf16", 16, 64)]
    public void The_kernel_of_a_device_fixes_its_tiles(string device, string op, double rows, double crowded)
    {
        var entry = CoefficientSet.Shipped.Find("vllm", device, op)!;
        Assert.Equal((rows, crowded), (entry["tile_rows"], entry["crowded_tile_rows"]));
        Assert.Equal((0.0, 1.0), (entry["reread_fill"], entry["odd_start"]));
        var known = new double[ExpertLaw.Constants.Length];
        Array.Fill(known, double.NaN);
        ExpertKernel.Fix(known, ExpertLaw.Constants, "gb200", op);
        Assert.Contains(double.NaN, known);
        Assert.Equal(16, known[Array.FindIndex(ExpertLaw.Constants, c => c.Name == "tile_rows")]);
    }
}
