using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Roofline;

namespace ServeSim.Tests.CostModels;

/// <summary>Two factors that iterations measured on a machine fix.</summary>
public sealed class IterationScaleTests
{
    private static readonly string[] _models = ["llama-3.1-8b", "qwen3-30b-a3b", "gpt-oss-20b", "llama-4-scout", "deepseek-v2-lite"];

    // One kernel for chunks and decodes on the RTX PRO 6000, two on the H100.
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var model in _models)
                foreach (var gpu in new[] { "h100-sxm", "rtx-pro-6000" }) data.Add(model, gpu);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Factors_of_one_change_no_bit(string name, string gpu)
    {
        foreach (var batch in Batches())
        {
            Assert.Equal(Model(name, gpu, null).IterationMicroseconds(batch.Shape()), Model(name, gpu, Scale(gpu, 1, 1)).IterationMicroseconds(batch.Shape()));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void An_iteration_is_linear_in_both_factors_and_sums_to_its_rows(string name, string gpu)
    {
        foreach (var batch in Batches())
        {
            var shape = batch.Shape();
            double Time(double dense, double attention) => Model(name, gpu, Scale(gpu, dense, attention)).IterationMicroseconds(batch.Shape());
            var (one, dense, attention) = (Time(1, 1), Time(2, 1) - Time(1, 1), Time(1, 2) - Time(1, 1));
            Assert.Equal(one, dense + attention, 1e-9 * one);
            Assert.Equal(one + (0.3 * dense) - (0.25 * attention), Time(1.3, 0.75), 1e-9 * one);
            var explained = Model(name, gpu, Scale(gpu, 1.3, 0.75)).Explain(shape);
            Assert.Equal(explained.Total.Nanoseconds / 1e3, explained.Microseconds, 1e-3);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Decode_times_and_sums_are_scaled_alike(string name, string gpu)
    {
        var cost = Model(name, gpu, Scale(gpu, 0.9, 1.7));
        int[] cached = [30, 100, 127, 2000, 8191];
        var batch = new Batch();
        foreach (var c in cached) batch.AddDecodes(1, c);
        var times = new SimDuration[20];
        cost.DecodeTimes(batch.Shape(), times);
        Assert.Equal(cost.IterationTime(batch.Shape()), times[0]);
        Assert.Equal(cost.Decodes(cached).Sum(20), times.Sum(t => t.Nanoseconds / 1e3), 0.02);
    }

    [Fact]
    public void Two_measured_iterations_are_met_and_their_factors_found()
    {
        ScaleRow Row(string name, double dense, double attention) => new(name, (1.2 * dense) + (0.8 * attention) + 364, dense, attention, 364);
        var fit = ScaleFit.Of([Row("decode", 6000, 4000), Row("prefill", 50_000, 2000)]);
        Assert.Equal((1.2, 0.8), (fit.Dense, fit.Attention), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-9);
        var more = ScaleFit.Of([Row("decode", 6000, 4000), Row("decode", 6100, 8000), Row("prefill", 50_000, 2000)]);
        Assert.Equal(0.8, more.Attention, 1e-9);
        Assert.True(more.AttentionUncertainty < fit.AttentionUncertainty);
        Assert.InRange(fit.AttentionUncertainty, 0.01, 0.1);
    }

    [Theory]
    [InlineData(10, 6000, 4000, "not longer than the host work")]
    [InlineData(9000, 6000, 240, "cannot tell attention from the rest")]
    [InlineData(90_000, 6000, 4000, "attention would take")]
    [InlineData(6000, 6000, 4000, "attention would take")]
    public void Times_that_fix_nothing_are_refused_with_the_reason(double measured, double dense, double attention, string reason)
    {
        var error = Assert.Throws<InputException>(() => ScaleFit.Of([new("decode 16x4096", measured, dense, attention, 364), new("prefill 2048", 52_364, 50_000, 2000, 364)]));
        Assert.Contains(reason, string.Join(' ', error.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_keeps_the_factors_one_pair_a_device_and_refuses_absurd_ones()
    {
        var set = CoefficientSet.Shipped.With(Scale("h100-sxm", 1.1, 0.9)).With(Scale("rtx-4090", 2, 1)).With(Scale("h100-sxm", 1.25, 0.8));
        var text = Written(set);
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
        var read = CoefficientSet.Read(stream, "file");
        Assert.Equal(["rtx-4090", "h100-sxm"], read.Scales.Select(s => s.Device));
        Assert.Equal((1.25, 0.8), (read.ScaleOf("h100-sxm")!.Dense, read.ScaleOf("h100-sxm")!.Attention));
        Assert.Null(read.ScaleOf("b200"));
        Assert.Equal(text, Written(read));
        Assert.DoesNotContain("scales", Written(CoefficientSet.Shipped), StringComparison.Ordinal);
        using var bad = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text.Replace("\"dense\": 1.25", "\"dense\": 12.5", StringComparison.Ordinal)));
        Assert.Contains("must be from 0.2 to 5", Assert.Throws<InputException>(() => CoefficientSet.Read(bad, "file")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reports_name_the_factors_and_say_when_they_are_of_something_else()
    {
        var gpu = AcceleratorCatalog.Get("h100-sxm");
        CostModelInfo Info(string model, IterationScale scale) => new CalibratedCostModel(
            ModelCatalog.Get(model), gpu, ParallelLayout.Single, CostOptions.Default with { Coefficients = CoefficientSet.Shipped.With(scale) }).Info;
        var own = Info("llama-3.1-8b", Scale("h100-sxm", 1.25, 0.8));
        Assert.Contains("dense work × 1.25, attention × 0.8 by iterations measured with llama-3.1-8b, tp 1, bf16 (decode 16x4096 25.1 ms)", own.Source, StringComparison.Ordinal);
        Assert.Contains("met by construction", own.KnownError, StringComparison.Ordinal);
        Assert.DoesNotContain(own.Warnings, w => w.Contains("factors", StringComparison.Ordinal));
        Assert.Contains(Info("qwen3-8b", Scale("h100-sxm", 1.25, 0.8)).Warnings, w => w.Contains("are those of llama-3.1-8b", StringComparison.Ordinal));
        var other = Info("llama-3.1-8b", Scale("b200", 1.25, 0.8));
        Assert.Contains(other.Warnings, w => w.Contains("none for h100-sxm: nothing is scaled", StringComparison.Ordinal));
        Assert.DoesNotContain("×", other.Source, StringComparison.Ordinal);
    }

    [Theory, InlineData("roofline:f0"), InlineData("roofline:f1"), InlineData("roofline:f2"), InlineData("linear:1,1,1,1,1")]
    public void Levels_without_coefficients_refuse_a_file_of_them(string level) => Assert.Contains("needs roofline:calibrated", Assert.Throws<InputException>(() =>
        CostModelFactory.Create(level, ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single, CostOptions.Default with { Coefficients = CoefficientSet.Shipped })).Message, StringComparison.Ordinal);

    private static Batch[] Batches() => [Batch.Decodes(20, 700), Batch.Prompt(1500), Batch.Prompt(300, 900).AddPrompt(64).AddDecodes(12, 3000)];

    private static IterationScale Scale(string gpu, double dense, double attention) => new(gpu, "llama-3.1-8b", 1, "bf16", dense, attention, ["decode 16x4096 25.1 ms"]);

    private static CalibratedCostModel Model(string name, string gpu, IterationScale? scale) => new(ModelCatalog.Get(name), AcceleratorCatalog.Get(gpu),
        new(name == "llama-4-scout" ? 8 : 1, 1), CostOptions.KernelsOnly with { Scale = scale });

    private static string Written(CoefficientSet set)
    {
        using var stream = new MemoryStream();
        set.Write(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
