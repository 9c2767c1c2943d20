using ServeSim.CostModels;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Hand-checked times of the calibrated laws under published constants (0.1 %), and laws of their own.</summary>
public sealed class CalibratedVectorTests
{
    private static readonly DeviceRates _h100 = DeviceRates.Of(AcceleratorCatalog.Get("h100-sxm"));
    private static readonly DeviceRates _rtx = DeviceRates.Of(AcceleratorCatalog.Get("rtx-pro-6000"));
    private static readonly GemmLaw _gemm = new(3.77, 0.8158, 0.8741, 3.64);

    [Theory, InlineData(1, 84.005), InlineData(2048, 600.55)]
    public void A_two_byte_gemm_takes_its_published_time(int rows, double expected) =>
        Near(expected, _gemm.Microseconds(rows, 28672, 4096, 2, 2, _h100));

    [Fact]
    public void An_fp8_gemm_takes_its_published_time() =>
        Near(59.696, new GemmLaw(6.72, 0.6015, 0.8344, 1.73).Microseconds(256, 10240, 8192, 1, 4, _h100.At(1979)));

    [Fact]
    public void Decode_attention_takes_its_published_time() =>
        Near(368.62, new DecodeLaw(11.09, 0.9241, 2.66, 0.092).Microseconds(new(32, 8, 128), 64, 64 * 4096, 4096, _h100));

    [Fact]
    public void Prefill_attention_takes_its_published_time() => Near(174.98, new PrefillLaw(11.29, 0.7653, 0.2196, 2.045, 1.106)
        .Microseconds(new(32, 8, 128), PrefillWork.Of(4096, 0), DeviceRates.Of(AcceleratorCatalog.Get("b200"))));

    [Fact]
    public void Mixed_attention_takes_its_published_time() => Near(216.76, new MixedLaw(4.18, 0.5935, 1.0596, 1.582, 4.61, 0.802)
        .Microseconds(new(32, 8, 128), PrefillWork.Of(512, 1024), 16, 16 * 2048, 2048, _rtx));

    [Fact]
    public void An_activation_takes_its_published_time() =>
        Near(83.75, new ElementWiseLaw(2.42, 0.924, 0.801, 2.48).Microseconds(3.0 * 2048 * 14336 * 2, _rtx));

    [Fact]
    public void A_decode_iteration_and_a_hundred_of_them_take_their_published_time()
    {
        var cost = Published();
        var batch = Batch.Decodes(64, 1023);
        Near(17_588, cost.IterationMicroseconds(batch.Sums()));
        Near(1_785_926, cost.Decodes([.. batch.Spans.Select(span => span.CachedTokens)]).Sum(100));
    }

    [Fact]
    public void Doubling_both_rates_halves_all_but_the_start()
    {
        var twice = _h100 with { FlopsPerMicrosecond = 2 * _h100.FlopsPerMicrosecond, BytesPerMicrosecond = 2 * _h100.BytesPerMicrosecond };
        foreach (var m in new[] { 1, 100, 5000 })
        {
            Assert.Equal((_gemm.Microseconds(m, 4096, 4096, 2, 2, _h100) - 3.77) / 2, _gemm.Microseconds(m, 4096, 4096, 2, 2, twice) - 3.77, 1e-9);
        }
    }

    [Fact]
    public void A_chunk_alone_costs_about_the_same_in_the_mixed_kernel_as_in_the_prefill_kernel()
    {
        var mixed = new MixedLaw(4.18, 0.5935, 1.0596, 1.582, 4.61, 0.802);
        var prefill = new PrefillLaw(7.95, 0.7128, 0.5448, 0.329, 0.297);
        foreach (var tokens in new[] { 512, 1024, 2048, 8192 })
        {
            var work = PrefillWork.Of(tokens, 0);
            Assert.InRange(mixed.Microseconds(new(32, 8, 128), work, 0, 0, 0, _rtx) / prefill.Microseconds(new(32, 8, 128), work, _rtx), 0.7, 1.3);
        }
    }

    [Fact]
    public void Residuals_of_one_change_nothing_and_others_act_inside_their_range_only()
    {
        var flat = new ResidualCurve("vllm", "h100-sxm", "m", 1, "qkv", [1, 16, 256], [1, 1, 1]);
        var steep = flat with { Ratios = [0.2, 1.2, 3] };
        foreach (var rows in new[] { 0, 1, 3, 16, 100, 256, 512, 600 }) Assert.Equal(1, flat.At(rows));
        Assert.Equal(0.5, steep.At(1));      // held
        Assert.Equal(1.2, steep.At(16), 1e-12);
        Assert.Equal(0.7, steep.At(4), 1e-9); // half-way in the logarithm
        Assert.Equal(2, steep.At(500));
        Assert.Equal(1, steep.At(513));
    }

    private static CalibratedCostModel Published() => new(ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("rtx-pro-6000"), ParallelLayout.Single,
        CostOptions.KernelsOnly with { Coefficients = PublishedConstants(), GraphPadding = false });

    private static CoefficientSet PublishedConstants()
    {
        var none = new ErrorSummary(1, 0, 0, 0, 0, 0);
        CoefficientEntry Entry(string device, string op, string names, params double[] values) => new("vllm", device, op, names.Split(' '), values, 1, none, null);
        return new(
        [
            Entry("rtx-pro-6000", "gemm-bf16", "t0_us ec eb p", 3.87, 0.8413, 0.8567, 1.8),
            Entry("rtx-pro-6000", "attention-decode", "t0_us eb tile_us per_kctx_us row_us swap_us split_us", 10.54, 0.8583, 3.41, 0.556, 0, 0, 0),
            Entry("rtx-pro-6000", "attention-prefill", "t0_us ec eb crit head_size_exp tile_us", 7.95, 0.7128, 0.5448, 0.329, 0.297, 0),
            Entry("rtx-pro-6000", "attention-mixed", "t0_us ec_prefill ec_decode_rows io tile_us crit", 4.18, 0.5935, 1.0596, 1.582, 4.61, 0.802),
            Entry("rtx-pro-6000", "experts-bf16", string.Join(' ', ExpertLaw.Constants.Select(c => c.Name)),
                27.1, 0.363, 0.822, 1.76, 1.21, 1, 0, 0, 1, 0.5, 0, 1, 1, 1, 2, 1, 1, 0, 64, 1, 1, 1),
            Entry("rtx-pro-6000", "element-wise", "t0_us es", 2.42, 0.924),
            Entry("rtx-pro-6000", "sampler", "t0_us per_row_us", 12, 0.9),
            Entry("stack", "element-wise", "boost act embedding final_norm norm qk_norm rope", 2.48, 0.801, 0.796, 0.868, 0.524, 2.423, 0.969),
        ], "2026", ["published constants"], []);
    }

    private static void Near(double expected, double actual) => Assert.InRange(actual / expected, 0.999, 1.001);
}
