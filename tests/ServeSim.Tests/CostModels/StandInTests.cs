using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Hardware;

namespace ServeSim.Tests.CostModels;

/// <summary>Constants for devices that nobody measured.</summary>
public sealed class StandInTests
{
    private static readonly ErrorSummary _none = ErrorSummary.Of([], []);

    [Fact]
    public void A_device_of_the_same_chip_and_power_takes_its_siblings_constants_as_they_are()
    {
        var h100 = Entry("h100-sxm", "ec", 0.8);
        Assert.Equal(h100.Values, StandIn.Carried(h100, AcceleratorCatalog.Get("h200-sxm")));
    }

    [Fact]
    public void More_watts_per_flop_reach_more_of_the_rate_but_hardly_more_than_all_of_it()
    {
        var l40s = Entry("l40s", "ec", 0.6);
        Assert.Equal(1.1, StandIn.Carried(Entry("l40s", "ec", 0.7), AcceleratorCatalog.Get("rtx-4090"))[1], 1e-12);
        var rtx = StandIn.Carried(l40s, AcceleratorCatalog.Get("rtx-pro-6000"))[1];
        Assert.Equal(0.6 * Math.Sqrt(600 / 467.8 / (350 / 362.0)), rtx, 1e-12);
        Assert.True(StandIn.Carried(l40s, AcceleratorCatalog.Get("l4"))[1] < 0.6);
    }

    [Fact]
    public void Only_shares_of_the_tensor_rate_are_carried_and_only_between_the_same_kind_of_tensor_core()
    {
        Assert.Equal(4, StandIn.Carried(Entry("l40s", "ec", 0.6), AcceleratorCatalog.Get("l4"))[0]);
        Assert.Equal(0.6, StandIn.Carried(Entry("l40s", "eb", 0.6), AcceleratorCatalog.Get("l4"))[1]);
        Assert.Equal(0.6, StandIn.Carried(Entry("l40s", "ec", 0.6), AcceleratorCatalog.Get("h100-sxm"))[1]);
        Assert.Equal(0.6, StandIn.Carried(Entry("l40s", "ec", 0.6), AcceleratorCatalog.Get("mi300x"))[1]);
    }

    [Fact]
    public void Check_bits_inside_the_memory_take_a_sixteenth_of_its_bandwidth()
    {
        var l40s = Entry("l40s", "eb", 0.75);
        Assert.Equal(0.8, StandIn.Carried(l40s, AcceleratorCatalog.Get("rtx-4090"))[1], 1e-12);
        Assert.Equal(0.75, StandIn.Carried(Entry("rtx-4090", "eb", 0.8), AcceleratorCatalog.Get("a40"))[1], 1e-12);
        Assert.Equal(4, StandIn.Carried(l40s, AcceleratorCatalog.Get("rtx-4090"))[0]);
    }

    [Fact]
    public void Medians_of_tensor_constants_come_from_the_same_kind_and_all_others_from_everyone()
    {
        CoefficientEntry[] all = [Entry("h100-sxm", "ec", 0.9, 1), Entry("h200-sxm", "ec", 0.9, 3), Entry("l40s", "ec", 0.5, 8)];
        var b200 = StandIn.CarriedMedian(all, AcceleratorCatalog.Get("h200-sxm"));
        Assert.Equal((3, 0.9), (b200[0], b200[1]));
    }

    [Fact]
    public void Results_stand_in_the_order_of_their_items_and_the_first_failure_is_thrown()
    {
        Assert.Equal([10, 20, 30, 40], InOrder.Select([1, 2, 3, 4], i => { Thread.SpinWait(1000 * (5 - i)); return 10 * i; }));
        var error = Assert.Throws<InvalidOperationException>(() => InOrder.Select([1, 2, 3, 4], i => i >= 2 ? throw new InvalidOperationException($"{i}") : i));
        Assert.Equal("2", error.Message);
    }

    private static CoefficientEntry Entry(string device, string name, double value, double start = 4) =>
        new("vllm", device, "gemm-bf16", ["t0_us", name], [start, value], 100, _none, null);
}
