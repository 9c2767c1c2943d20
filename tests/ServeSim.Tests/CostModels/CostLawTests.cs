using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.Tests.CostModels;

/// <summary>What must hold for every model, level and layout, whatever the constants.</summary>
public sealed class CostLawTests
{
    private static readonly string[] _levels = ["roofline:f0", "roofline:f1", "roofline:f2", "roofline:calibrated"];

    // One of each kind: dense, plain MLP, tied, sliding windows, chunks, MoE, MoE with windows, MLA.
    private static readonly string[] _models =
        ["llama-3.1-8b", "phi-2", "qwen3-0.6b", "gemma-3-27b", "llama-4-scout", "mixtral-8x7b", "gpt-oss-20b", "deepseek-v2-lite"];

    private static readonly int[] _tokens = [1, 2, 3, 5, 8, 9, 31, 64, 127, 128, 129, 255, 256, 257, 500, 512, 513, 1000, 2048, 8192, 8193, 20_000];

    public static TheoryData<string, string> LevelsAndModels
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var level in _levels)
                foreach (var model in _models) data.Add(level, model);
            return data;
        }
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void More_prompt_tokens_never_cost_less(string level, string name)
    {
        // The latent cache is expanded from 128 tokens on, which is cheaper than absorbing 127: a step down by design.
        if (name == "deepseek-v2-lite") return;
        var cost = Create(level, name);
        foreach (var cached in new[] { 0, 100, 5000 })
            Rising(_tokens.Select(tokens => Time(cost, Batch.Prompt(tokens, cached).AddDecodes(3, 700))), $"{level} {name} after {cached}");
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void More_decodes_never_cost_less(string level, string name)
    {
        var cost = Create(level, name);
        foreach (var cached in new[] { 1, 900, 9000 })
            Rising(_tokens.Select(count => Time(cost, Batch.Decodes(count, cached).AddPrompt(300))), $"{level} {name} at {cached}");
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void More_context_never_costs_less(string level, string name)
    {
        // Chunked attention starts again at every chunk, so its context does shrink.
        if (name == "llama-4-scout" && level != "roofline:f1") return;
        var cost = Create(level, name);
        Rising(_tokens.Select(cached => Time(cost, Batch.Decodes(40, cached))), $"{level} {name} decode");
        Rising(_tokens.Select(cached => Time(cost, Batch.Prompt(600, cached).AddPrompt(200, cached))), $"{level} {name} prompt");
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void More_layers_never_cost_less(string level, string name)
    {
        var model = ModelCatalog.Get(name);
        var gpu = AcceleratorCatalog.Get("h100-sxm");
        Rising(Enumerable.Range(model.Layers, 14).Select(layers => Time(
            CostModelFactory.Create(level, model with { Layers = layers }, gpu, ParallelLayout.Single), Mixed())), $"{level} {name}");
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void More_bandwidth_or_compute_never_costs_more(string level, string name)
    {
        var model = ModelCatalog.Get(name);
        foreach (var gpu in AcceleratorCatalog.All)
        {
            foreach (var batch in new[] { Mixed(), Batch.Decodes(8, 50), Batch.Prompt(3000) })
            {
                var time = Time(CostModelFactory.Create(level, model, gpu, ParallelLayout.Single), batch);
                var wider = gpu with { MemoryGigabytesPerSecond = gpu.MemoryGigabytesPerSecond * 1.3 };
                var rates = gpu.Teraflops;
                var faster = gpu with { Teraflops = rates with { Fp16 = rates.Fp16 * 1.3, Bf16 = rates.Bf16 * 1.3 } };
                Assert.True(Time(CostModelFactory.Create(level, model, wider, ParallelLayout.Single), batch) <= time, $"{level} {name} {gpu.Name} bandwidth");
                Assert.True(Time(CostModelFactory.Create(level, model, faster, ParallelLayout.Single), batch) <= time, $"{level} {name} {gpu.Name} compute");
            }
        }
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void Rows_add_up_to_the_iteration_and_stages_too(string level, string name)
    {
        var (model, gpu) = (ModelCatalog.Get(name), AcceleratorCatalog.Get("h100-sxm"));
        foreach (var tensor in ParallelLayout.AllowedTensor(model, gpu))
        {
            foreach (var pipeline in new[] { 1, 2, 5, model.Layers })
            {
                var cost = CostModelFactory.Create(level, model, gpu, new(tensor, pipeline));
                Assert.Equal(pipeline, cost.PipelineStages);
                foreach (var batch in new[] { Mixed(), Batch.Decodes(200, 3000), Batch.Prompt(777, 8), Batch.Prompt(5000, completes: false) })
                {
                    var shape = batch.Shape();
                    long stages = 0;
                    for (var stage = 0; stage < pipeline; stage++) stages += cost.StageTime(shape, stage).Nanoseconds;
                    var explained = cost.Explain(shape);
                    Assert.Equal(stages, cost.IterationTime(shape).Nanoseconds);
                    Assert.Equal(stages, explained.Total.Nanoseconds);
                    Assert.Equal(stages / 1e3, explained.Microseconds, (0.0005 * pipeline) + (1e-12 * stages));
                    Assert.All(explained.Rows, row => Assert.True(row.Microseconds >= 0 && row.Flops >= 0 && row.MemoryBytes >= 0, row.ToString()));
                }
            }
        }
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void A_remembered_time_is_the_computed_time(string level, string name)
    {
        // The second call reads the tables that the first one filled; a fresh model has empty ones.
        var cost = Create(level, name);
        foreach (var tokens in _tokens)
        {
            var batch = Batch.Prompt(tokens, 40).AddDecodes(7, 90);
            var first = Time(cost, batch);
            Assert.Equal(first, Time(cost, batch));
            Assert.Equal(first, Time(Create(level, name), batch));
        }
    }

    [Theory, InlineData("roofline:f0"), InlineData("roofline:f2")]
    public void Sums_are_exact_for_decodes_one_chunk_and_whole_prompts(string level)
    {
        var cost = Create(level, "llama-3.1-8b");
        Assert.False(cost.NeedsSequences);
        var whole = Batch.Prompt(100).AddPrompt(900).AddPrompt(37).AddDecodes(9, 512);
        foreach (var batch in new[] { Batch.Decodes(50, 77), Batch.Prompt(300, 1234).AddDecodes(4, 8), whole })
            Assert.InRange(Math.Abs(cost.IterationTime(batch.Shape()).Nanoseconds - cost.IterationTime(batch.Sums()).Nanoseconds), 0, 1);
    }

    [Fact]
    public void Sums_of_several_partial_chunks_stay_within_two_percent()
    {
        var cost = Create("roofline:f2", "llama-3.1-8b");
        foreach (var (a, b, cached) in new[] { (512, 500, 1536), (64, 1900, 4000), (1000, 1000, 30_000), (16, 2000, 100_000) })
        {
            var batch = Batch.Prompt(a, cached).AddPrompt(b);
            var exact = cost.IterationTime(batch.Shape()).Seconds;
            Assert.InRange(cost.IterationTime(batch.Sums()).Seconds / exact, 0.98, 1.02);
        }
    }

    [Theory, InlineData("gemma-2-9b"), InlineData("deepseek-v3"), InlineData("llama-4-scout")]
    public void Windows_and_latent_attention_refuse_to_guess_without_the_members(string name)
    {
        var cost = CostModelFactory.Create("roofline", ModelCatalog.Get(name), AcceleratorCatalog.Get("b200"), new(8, 1));
        Assert.True(cost.NeedsSequences);
        Assert.Throws<ArgumentException>(() => cost.IterationTime(Mixed().Sums()));
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void Decodes_may_stay_unlisted_where_their_sums_suffice(string level, string name)
    {
        var cost = Create(level, name);
        Assert.Equal(ModelCatalog.Get(name).Window is not null && level != "roofline:f1", cost.NeedsDecodes);
        if (cost.NeedsDecodes) return;
        foreach (var batch in new[] { Mixed(), Batch.Decodes(9, 400), Batch.Prompt(127, 50).AddPrompt(128, 50).AddPrompt(4000).AddDecodes(30, 2000) })
        {
            var whole = batch.Shape();
            var prompts = whole with { Sequences = (SequenceSpan[])[.. batch.Spans.Where(span => !span.IsDecode)] };
            if (cost.NeedsSequences) Assert.Equal(cost.IterationTime(whole), cost.IterationTime(prompts));
        }
    }

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void An_iteration_without_tokens_takes_no_time(string level, string name) =>
        Assert.Equal(SimDuration.Zero, Create(level, name).IterationTime(default));

    [Theory, MemberData(nameof(LevelsAndModels))]
    public void An_evaluation_allocates_nothing(string level, string name)
    {
        var cost = Create(level, name);
        var shape = Mixed().Shape();
        cost.IterationTime(shape);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) cost.IterationTime(shape);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Batch Mixed() => Batch.Prompt(200, 60).AddPrompt(50).AddDecodes(20, 900).AddDecodes(1, 15_000);

    private static IExplainedCostModel Create(string level, string model) =>
        CostModelFactory.Create(level, ModelCatalog.Get(model), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);

    private static long Time(IExplainedCostModel cost, Batch batch) => cost.IterationTime(batch.Shape()).Nanoseconds;

    private static void Rising(IEnumerable<long> times, string what)
    {
        var last = 0L;
        foreach (var time in times)
        {
            Assert.True(time >= last, $"{what}: {time} after {last}");
            last = time;
        }
    }
}
