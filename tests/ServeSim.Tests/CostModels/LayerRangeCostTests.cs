using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.Tests.CostModels;

/// <summary>Work on a part of the layers: the parts add up to the whole, and more of it never costs less.</summary>
public sealed class LayerRangeCostTests
{
    private static readonly CostOptions _kernels = CostOptions.KernelsOnly with { GraphPadding = false };

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (var level in new[] { "roofline:f0", "roofline:f1", "roofline:f2", "roofline:calibrated" })
            {
                foreach (var model in new[] { "llama-3.1-8b", "gemma-3-27b", "llama-4-scout", "mixtral-8x7b", "gpt-oss-20b", "deepseek-v2-lite" }) data.Add(level, model, 1);
                data.Add(level, "llama-3.1-8b", 2);
                data.Add(level, "deepseek-v2-lite", 2);
            }

            data.Add("linear:3,0.01,0.02,0.0003,0.000001", "llama-3.1-8b", 1);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_prefill_in_groups_costs_the_whole_and_one_iteration_overhead_more_per_group(string level, string name, int pipeline)
    {
        var (cost, model) = Make(level, name, pipeline);
        foreach (var prompt in new[] { Batch.Prompt(3000), Batch.Prompt(700, 900).AddPrompt(300) })
        {
            var overhead = Overhead(level);
            var whole = Microseconds(cost, prompt.Shape());
            foreach (var groups in new[] { 2, 3, 5 })
            {
                double sum = 0;
                for (var group = 0; group < groups; group++)
                {
                    var range = LayerRange.Part(model.Layers, groups, group);
                    sum += Microseconds(cost, Sliced(prompt, 2 * range.First, 2 * range.End, model.Layers));
                }

                // f1 charges every sequence of every iteration.
                Assert.Equal(whole + ((groups - 1) * (overhead + (level == "roofline:f1" ? 4.4168 * prompt.Spans.Length : 0))), sum, 1e-9 * sum + (0.01 * groups * pipeline));
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_attention_and_the_mlp_of_a_layer_add_up_too(string level, string name, int pipeline)
    {
        var (cost, model) = Make(level, name, pipeline);
        if (!cost.HasSublayers || level == "roofline:f1") return;
        var prompt = Batch.Prompt(2000);
        var cut = (2 * (model.Layers / 3)) + 1;
        var sum = Microseconds(cost, Sliced(prompt, 0, cut, model.Layers)) + Microseconds(cost, Sliced(prompt, cut, 2 * model.Layers, model.Layers));
        Assert.Equal(Microseconds(cost, prompt.Shape()), sum, 1e-9 * sum + 0.05);
    }

    [Theory, MemberData(nameof(Cases))]
    public void More_layers_or_later_boundaries_never_cost_less(string level, string name, int pipeline)
    {
        var (cost, model) = Make(level, name, pipeline);
        var prompt = Batch.Prompt(1500, 100);
        var all = 2 * model.Layers;
        long last = 0, lastUntil = 0;
        for (var end = 1; end <= all; end++)
        {
            var time = cost.IterationTime(Sliced(prompt, 0, end, model.Layers, decodes: 7)).Nanoseconds;
            Assert.True(time >= last, $"{level} {name}: sublayer {end}");
            last = time;
            if (pipeline > 1) continue;
            var until = cost.TimeUntil(prompt.Shape(), end).Nanoseconds;
            Assert.True(until >= lastUntil, $"{level} {name}: until {end}");
            lastUntil = until;
        }

        Assert.True(lastUntil <= cost.IterationTime(prompt.Shape()).Nanoseconds);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_slice_of_all_layers_is_the_whole_and_its_explanation_adds_up(string level, string name, int pipeline)
    {
        var (cost, model) = Make(level, name, pipeline);
        var prompt = Batch.Prompt(1000, 50).AddDecodes(9, 400);
        var sliced = Sliced(Batch.Prompt(1000, 50), 0, 2 * model.Layers, model.Layers, 9, 400);
        Assert.Equal(Microseconds(cost, prompt.Shape()), Microseconds(cost, sliced), 1e-3);
        var partly = Sliced(Batch.Prompt(1000, 50), 2, 7, model.Layers, 9, 400);
        Assert.Equal(cost.IterationTime(partly).Nanoseconds / 1e3, cost.Explain(partly).Microseconds, 0.01);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Layers_outside_the_range_cost_what_the_decodes_cost(string level, string name, int pipeline)
    {
        var (cost, model) = Make(level, name, pipeline);
        if (level == "roofline:f1") return;
        var range = LayerRange.Part(model.Layers, 4, 1);
        var decodes = Microseconds(cost, Batch.Decodes(20, 800).Shape());
        var with = Microseconds(cost, Batch.Prompt(900, completes: false).AddDecodes(20, 800).Shape());
        var sum = 0.0;
        for (var group = 0; group < 4; group++)
        {
            var part = LayerRange.Part(model.Layers, 4, group);
            sum += Microseconds(cost, Sliced(Batch.Prompt(900, completes: false), 2 * part.First, 2 * part.End, model.Layers, 20, 800)) - decodes;
        }

        Assert.Equal(with - decodes, sum, 1e-9 * with + 0.05);
        Assert.InRange(Microseconds(cost, Sliced(Batch.Prompt(900, completes: false), 2 * range.First, 2 * range.End, model.Layers, 20, 800)), decodes, with);
    }

    [Fact]
    public void Wrapping_models_that_know_no_layers_say_so() =>
        Assert.Throws<NotSupportedException>(() => CostModelFactory.Create("linear:1,1,1,1,1", null, null, ParallelLayout.Single).TimeUntil(new BatchShape { PrefillTokens = 1 }, 1));

    /// <summary>Check 3: one layer of 128 experts, 8 per token, a prompt of 8192 in 16 iterations of 512 or in 16 groups.</summary>
    [Theory]
    [InlineData(0, 1, 2048, 128), InlineData(32, 1, 2048, 1804.57), InlineData(32, 0.70, 2037.83, 1122.89)]
    public void Check_3_layered_prefill_reads_the_experts_of_a_layer_for_the_prompt_once(int decodes, double locality, double chunked, double layered)
    {
        double Reads(int tokens) => ExpertCoverage.Expected(128, 8, tokens, locality);
        Assert.Equal(chunked, 16 * Reads(512 + decodes), 0.005);
        Assert.Equal(layered, Reads(8192 + decodes) + (15 * Reads(decodes)), 0.005);
    }

    [Theory, InlineData("roofline:f0"), InlineData("roofline:f1"), InlineData("roofline:f2"), InlineData("roofline:calibrated")]
    public void Check_3_in_bytes_of_all_layers(string level)
    {
        var model = ModelCatalog.Get("qwen3-30b-a3b");
        var cost = CostModelFactory.Create(level, model, AcceleratorCatalog.Get("h100-sxm"), new(2, 1), new() { DistinctExperts = n => ExpertCoverage.Expected(128, 8, n, 1) });
        double chunked = 0, layered = 0;
        for (var i = 0; i < 16; i++)
        {
            var range = LayerRange.Part(48, 16, i);
            chunked += cost.ExpertReads(Batch.Prompt(512, 512 * i).Shape());
            layered += cost.ExpertReads(Sliced(Batch.Prompt(8192), 2 * range.First, 2 * range.End, 48));
        }

        var bytes = 2.0 * model.Sizes.ExpertMatrices;
        Assert.Equal(927.7, chunked * bytes / 1e9, 0.05);
        Assert.Equal(58.0, layered * bytes / 1e9, 0.05);
        Assert.Equal(48 * ExpertCoverage.Expected(128, 8, 20, 1), cost.ExpertReads(Batch.Decodes(20, 100).Shape()), 1e-9);
        Assert.Equal(24 * ExpertCoverage.Expected(128, 8, 20, 1), cost.ExpertReads(Batch.Decodes(20, 100).Shape(), 48), 1e-9);
    }

    [SkippableFact]
    public void Coverage_meets_every_reference_vector()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(SharedFiles.Path("reference", "moe_expert_coverage.json")));
        var rows = 0;
        foreach (var model in file.RootElement.GetProperty("models").EnumerateArray())
        {
            var (experts, active) = (model.GetProperty("experts").GetInt32(), model.GetProperty("top_k").GetInt32());
            foreach (var row in model.GetProperty("expected_distinct_experts_per_layer").EnumerateArray())
            {
                var tokens = row.GetProperty("tokens").GetInt32();
                Assert.Equal(row.GetProperty("uniform").GetDouble(), ExpertCoverage.Expected(experts, active, tokens, 1), 1e-6);
                Assert.Equal(row.GetProperty("locality").GetDouble(), ExpertCoverage.Expected(experts, active, tokens, ExpertCoverage.MeasuredLocality), 1e-6);
                rows++;
            }
        }

        Assert.True(rows > 50);
    }

    private static double Overhead(string level) => level switch
    {
        "roofline:f1" => 126.02,
        _ when level.StartsWith("linear", StringComparison.Ordinal) => 3000,
        _ => 0,
    };

    private static (IExplainedCostModel Cost, ModelSpec Model) Make(string level, string name, int pipeline)
    {
        var model = ModelCatalog.Get(name);
        return (CostModelFactory.Create(level, model, AcceleratorCatalog.Get("h100-sxm"), new(name == "llama-4-scout" ? 8 : 1, pipeline), _kernels), model);
    }

    private static double Microseconds(ICostModel cost, in BatchShape shape) => cost.IterationTime(shape).Nanoseconds / 1e3;

    /// <summary>The prompts of a batch on some sublayers, decodes on all.</summary>
    private static BatchShape Sliced(Batch prompts, int first, int end, int layers, int decodes = 0, int cached = 500)
    {
        var whole = prompts.Shape();
        LayerSlice[] slices =
        [
            new()
            {
                FirstSublayer = first, EndSublayer = end, PrefillTokens = whole.PrefillTokens, PrefillSequences = whole.PrefillSequences,
                PrefillPairs = whole.PrefillPairs, PrefillContextTokens = whole.PrefillContextTokens,
            },
        ];
        return new()
        {
            CompletedPrefills = end == 2 * layers ? whole.CompletedPrefills : 0,
            DecodeSequences = decodes,
            DecodeContextTokens = (long)decodes * cached,
            Slices = slices,
            Sequences = (SequenceSpan[])[.. prompts.Spans.Select(s => s with { FirstSublayer = first, EndSublayer = end }), .. Enumerable.Repeat(new SequenceSpan(1, cached, true), decodes)],
        };
    }
}
