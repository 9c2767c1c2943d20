using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.Tests.CostModels;

public sealed class CostFactoryTests
{
    private static readonly ModelSpec _llama = ModelCatalog.Get("llama-3.1-8b");
    private static readonly AcceleratorSpec _h100 = AcceleratorCatalog.Get("h100-sxm");

    [Fact]
    public void Linear_time_follows_the_published_formula_in_processed_tokens()
    {
        // 700 tokens after 300: A = 700·(300 + 350); three decodes with 10 cached tokens have processed 11 each.
        var batch = Batch.Prompt(700, 300).AddDecodes(3, 10).Sums();
        var time = Create("linear:5,0.1,0.25,0.001,0.00001").IterationTime(batch);
        Assert.Equal((5 + (0.1 * 700) + (0.25 * 3) + (0.001 * 33) + (0.00001 * 700 * 650)) / 1e3, time.Seconds, 1e-9);
    }

    [Theory, InlineData("linear:0.0000005,0,0,0,0", 0), InlineData("linear:0.0000015,0,0,0,0", 2), InlineData("linear:0.0000025,0,0,0,0", 2)]
    public void Linear_time_is_rounded_half_to_even(string spec, long nanoseconds) =>
        Assert.Equal(nanoseconds, Create(spec).IterationTime(Batch.Decodes(1, 1).Sums()).Nanoseconds);

    [Fact]
    public void Rows_of_a_linear_model_add_up_to_its_iteration()
    {
        var cost = Create("linear:5,0.1,0.25,0.001,0.00001").Explain(Batch.Prompt(700, 300).AddDecodes(3, 10).Sums());
        Assert.Equal(cost.Total.Nanoseconds / 1e3, cost.Microseconds, 1e-3);
    }

    [Fact]
    public void Roofline_without_a_level_is_the_calibrated_one()
    {
        var batch = Batch.Decodes(32, 1024).Sums();
        Assert.Equal(Create("roofline:calibrated").IterationTime(batch), Create("roofline").IterationTime(batch));
        Assert.NotEqual(Create("roofline:f2").IterationTime(batch), Create("roofline").IterationTime(batch));
        Assert.NotEqual(Create("roofline:f0").IterationTime(batch), Create("roofline").IterationTime(batch));
    }

    [Theory]
    [InlineData("rofline", "did you mean \"roofline\"?")]
    [InlineData("roofline:f3", "did you mean \"roofline:f0\"?")]
    [InlineData("linear:1,2,3", "with 3 coefficients")]
    [InlineData("linear", "with 0 coefficients")]
    [InlineData("linear:1,2,x,-4,NaN", "c2")]
    [InlineData("linear:1,2,x,-4,NaN", "c3")]
    [InlineData("linear:1,2,x,-4,NaN", "c4")]
    public void A_bad_cost_text_is_named_with_what_is_allowed(string spec, string part)
    {
        var error = Assert.Throws<InputException>(() => Create(spec));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains("allowed:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_names_come_with_the_nearest_known_one()
    {
        Assert.Contains("llama-3.1-8b", Assert.Throws<InputException>(() => ModelCatalog.Get("lama-3.1-8b")).Message, StringComparison.Ordinal);
        Assert.Contains("h100-sxm", Assert.Throws<InputException>(() => AcceleratorCatalog.Get("h100sxm")).Message, StringComparison.Ordinal);
        Assert.Same(_llama, ModelCatalog.Get("meta-llama/llama-3.1-8B"));
    }

    [Theory, InlineData(3, 1, "tp"), InlineData(0, 1, "tp"), InlineData(16, 1, "tp"), InlineData(1, 0, "pp"), InlineData(1, 33, "pp")]
    public void A_layout_that_does_not_divide_the_model_is_refused(int tensor, int pipeline, string key) =>
        Assert.StartsWith(key, Assert.Throws<InputException>(() =>
            CostModelFactory.Create("roofline", _llama, _h100, new(tensor, pipeline))).Problems[0], StringComparison.Ordinal);

    [Fact]
    public void Every_level_says_how_far_it_can_be_trusted()
    {
        Assert.Contains("lower bound; no measured error", Create("roofline:f0").Info.KnownError, StringComparison.Ordinal);
        Assert.Contains("6.7 %", Create("roofline:f1").Info.KnownError, StringComparison.Ordinal);
        Assert.Contains(Create("roofline:f1").Info.Warnings, warning => warning.Contains("do not extrapolate", StringComparison.Ordinal));
        Assert.Contains("median error 6.4 %", Create("roofline:f2").Info.KnownError, StringComparison.Ordinal);
        Assert.Contains("gemm-bf16", Create("roofline").Info.KnownError, StringComparison.Ordinal);
        var h200 = CostModelFactory.Create("roofline", _llama, AcceleratorCatalog.Get("h200-sxm"), ParallelLayout.Single);
        Assert.Contains("scaled from its family", h200.Info.KnownError, StringComparison.Ordinal);
        var amd = CostModelFactory.Create("roofline", _llama, AcceleratorCatalog.Get("mi300x"), ParallelLayout.Single);
        Assert.Contains("no profile of mi300x or its family", amd.Info.KnownError, StringComparison.Ordinal);
        var l4 = CostModelFactory.Create("roofline:f2", _llama, AcceleratorCatalog.Get("l4"), ParallelLayout.Single);
        Assert.Contains("±25 %", l4.Info.KnownError, StringComparison.Ordinal);
        var fp8 = CostModelFactory.Create("roofline", ModelCatalog.Get("deepseek-v3"), _h100, new(8, 1));
        Assert.Contains(fp8.Info.Warnings, warning => warning.Contains("BF16", StringComparison.Ordinal));
    }

    [Fact]
    public void Host_and_launch_modes_add_what_they_say()
    {
        var batch = Batch.Decodes(32, 1024);
        double Microseconds(CostOptions options) =>
            CostModelFactory.Create("roofline:f2", _llama, _h100, ParallelLayout.Single, options).IterationTime(batch.Sums()).Nanoseconds / 1e3;
        var kernels = Microseconds(CostOptions.KernelsOnly);
        Assert.Equal(kernels + 126 + (4.4 * 32), Microseconds(CostOptions.Default), 2e-3);
        Assert.Equal(kernels, Microseconds(CostOptions.Default with { Host = HostMode.Async }), 2e-3);
        Assert.Equal(32 * 300, Microseconds(CostOptions.KernelsOnly with { Launch = LaunchMode.Eager }), 2e-3);
        Assert.Equal(9999, Microseconds(CostOptions.Default with { Host = HostMode.Async, HostMicroseconds = 9999 - (4.4 * 32) }), 2e-3);
    }

    private static IExplainedCostModel Create(string spec) => CostModelFactory.Create(spec, _llama, _h100, ParallelLayout.Single);

    [Theory, InlineData("deepseek-v2-lite", true), InlineData("gemma-3-27b", false), InlineData("llama-3.1-8b", true)]
    public void Padding_acts_on_sums_and_says_where_it_cannot(string model, bool acts)
    {
        var (plain, padded) = (Make("roofline"), Make("roofline+padded:1"));
        var batch = new Batch().AddDecodes(8, 100).AddDecodes(1, 9000);
        var shape = (plain.NeedsSequences ? batch.Shape() : batch.Sums()) with { LongestDecodeContext = 9000 };
        Assert.Equal(acts, padded.IterationTime(shape) > plain.IterationTime(shape));
        Assert.Equal(!acts, padded.Info.Warnings.Any(w => w.Contains("no effect", StringComparison.Ordinal)));

        IExplainedCostModel Make(string spec) => CostModelFactory.Create(spec, ModelCatalog.Get(model), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);
    }
}
