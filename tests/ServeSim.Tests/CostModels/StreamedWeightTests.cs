using ServeSim.CostModels.Memory;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Hand-computed times of weights that do not fit and of links with long latencies.</summary>
public sealed class StreamedWeightTests
{
    [Theory]
    [InlineData(8, 1, 0.115, 5.989, 14.499, 7.710)]
    [InlineData(4, 5, 0.03, 16.554, 31.638, 24.369)]
    public void Check_5_a_star_is_the_fastest_all_reduce_where_latency_is_all(int devices, double milliseconds, double gigabytesPerSecond, double star, double ring, double tree)
    {
        const double Bytes = 32_768;    // one token of hidden size 8192 in FP32
        var (hop, rate) = (1e3 * milliseconds, 1e3 * gigabytesPerSecond);
        Assert.Equal(star, CollectiveTime.StarMicroseconds(devices, Bytes, hop, rate) / 1e3, 5e-4);
        Assert.Equal(ring, CollectiveTime.RingMicroseconds(devices, Bytes, 0, hop, rate) / 1e3, 5e-4);
        Assert.Equal(tree, CollectiveTime.TreeMicroseconds(devices, Bytes, 0, hop, rate) / 1e3, 5e-4);
        if (devices != 8) return;

        // Two a layer, 80 layers.
        Assert.Equal(0.958, 160 * CollectiveTime.StarMicroseconds(devices, Bytes, hop, rate) / 1e6, 5e-4);
        Assert.Equal(2.320, 160 * CollectiveTime.RingMicroseconds(devices, Bytes, 0, hop, rate) / 1e6, 5e-4);
        Assert.Equal(1.234, 160 * CollectiveTime.TreeMicroseconds(devices, Bytes, 0, hop, rate) / 1e6, 5e-4);
    }

    [Theory]
    [InlineData(false, 1, new double[] { 480, 480, 480 })]    // serial
    [InlineData(false, 2, new double[] { 380, 360, 360 })]    // the loads are the bottleneck
    [InlineData(true, 2, new double[] { 370, 360, 360 })]     // the computations are
    [InlineData(false, 8, new double[] { 380, 120, 120 })]    // all blocks stay
    public void Check_6_a_window_of_blocks_hides_the_shorter_of_loading_and_computing(bool isSwapped, int window, double[] expected)
    {
        var blocks = Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? (Load: 30.0, Compute: 10.0) : (Load: 60.0, Compute: 20.0))
            .Select(b => isSwapped ? (Load: b.Compute, Compute: b.Load) : b).ToArray();
        Assert.Equal(expected, WeightWindow.TokenTimes(blocks, window, 3));
    }

    [Fact]
    public void A_wider_window_is_never_slower()
    {
        var random = new ServeSim.Abstractions.RandomStream(2, "windows");
        for (var round = 0; round < 50; round++)
        {
            var blocks = Enumerable.Range(0, 2 + random.NextInt(9)).Select(_ => ((double)random.NextInt(50), (double)random.NextInt(50))).ToArray();
            var last = double.MaxValue;
            for (var window = 1; window <= blocks.Length + 1; window++)
            {
                var time = WeightWindow.TokenTimes(blocks, window, 4).Sum();
                Assert.True(time <= last);
                last = time;
            }
        }
    }

    [Fact]
    public void Check_7_the_hottest_experts_first_finish_sooner()
    {
        PlaneJob a = new(30, 8, 4, 6), b = new(5, 2, 2, 1), c = new(20, 4, 3, 3);
        Assert.Equal([a, c, b], ExpertPlanes.HottestFirst([b, c, a]));
        Assert.Equal(14, ExpertPlanes.Time(ExpertPlanes.HottestFirst([a, b, c])));
        Assert.Equal(15, ExpertPlanes.Time([b, c, a]));
        PlaneJob resident = new(1, 2, 0, 2);
        Assert.Equal(resident, ExpertPlanes.HottestFirst([a, resident])[0]);
    }
}
