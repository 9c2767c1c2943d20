using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.Tests.CostModels;

/// <summary>The laws of a cost on models, GPUs, layouts and number formats drawn from the whole catalogue.</summary>
public sealed class RandomCostLawTests
{
    private const int Rounds = 40;

    private static readonly string[] _levels = ["roofline:f0", "roofline:f1", "roofline:f2", "roofline:calibrated"];
    private static readonly int[] _sizes = [1, 2, 7, 16, 33, 64, 100, 127, 128, 250, 512, 1000, 2048, 5000];

    // Seeds are spread over the kinds, so that each level meets each of them.
    private static readonly Func<ModelSpec, bool>[] _kinds =
    [
        m => m.Experts is null && m.Window is null && m.LatentAttention is null,
        m => m.Experts is not null && m.LatentAttention is null,
        m => m.Window is { Kind: WindowKind.Sliding },
        m => m.Window is { Kind: WindowKind.Chunked },
        m => m.LatentAttention is not null,
    ];

    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var level in _levels)
                for (var seed = 0; seed < Rounds; seed++) data.Add(level, seed);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void More_work_never_costs_less_and_more_rates_never_cost_more(string level, int seed)
    {
        var (draw, random) = Draw(level, seed);
        var cost = draw.Make(draw.Model, draw.Gpu);
        var cached = random.NextInt(3000);

        // Latent attention expands keys from 128 tokens on, which is cheaper than absorbing 127: a step down by design.
        var chunks = draw.Model.LatentAttention is null ? _sizes : [.. _sizes.Where(size => size >= 128)];
        Rising(chunks.Select(tokens => Time(cost, Batch.Prompt(tokens, cached).AddDecodes(5, 600))), $"{draw} prompt after {cached}");
        Rising(_sizes.Select(count => Time(cost, Batch.Decodes(count, cached).AddPrompt(200))), $"{draw} decodes at {cached}");

        // Chunked attention starts again at every chunk, so its context does shrink.
        if (draw.Model.Window is not { Kind: WindowKind.Chunked } || level == "roofline:f1")
        {
            Rising(_sizes.Select(context => Time(cost, Batch.Decodes(30, context))), $"{draw} context of decodes");
            Rising(_sizes.Select(context => Time(cost, Batch.Prompt(300, context))), $"{draw} context of a chunk");
        }

        var batch = Batch.Prompt(128 + random.NextInt(900), cached).AddDecodes(1 + random.NextInt(200), cached);
        var time = Time(cost, batch);
        Rising(Enumerable.Range(draw.Model.Layers, 6).Select(layers => Time(draw.Make(draw.Model with { Layers = layers }, draw.Gpu), batch)), $"{draw} layers");
        var rates = draw.Gpu.Teraflops;
        var faster = draw.Gpu with { Teraflops = new(1.4 * rates.Fp16, 1.4 * rates.Bf16, 1.4 * rates.Fp8, 1.4 * rates.Int8, 1.4 * rates.Fp4, 1.4 * rates.Int4, rates.Fp32Vector) };
        Assert.True(Time(draw.Make(draw.Model, draw.Gpu with { MemoryGigabytesPerSecond = 1.4 * draw.Gpu.MemoryGigabytesPerSecond }), batch) <= time, $"{draw} bandwidth");
        Assert.True(Time(draw.Make(draw.Model, faster), batch) <= time, $"{draw} FLOP rate");
        if (level is "roofline:f1" or "roofline:f2") return;
        foreach (var (what, heavier) in Heavier(draw.Precision)) Assert.True(Time(draw.With(heavier).Make(draw.Model, draw.Gpu), batch) >= time, $"{draw} {what}");
    }

    [Theory, MemberData(nameof(Cases))]
    public void Sums_over_layer_ranges_equal_the_whole(string level, int seed)
    {
        var (draw, random) = Draw(level, seed);
        var cost = draw.Make(draw.Model, draw.Gpu);
        var prompt = Batch.Prompt(128 + random.NextInt(2000), random.NextInt(2000), completes: false);
        var all = 2 * draw.Model.Layers;
        int[] cuts = [0, .. Enumerable.Range(0, 3).Select(_ => 2 * random.NextInt(draw.Model.Layers)).Where(cut => cut > 0).Distinct().Order(), all];
        var (whole, sum) = (Time(cost, prompt), 0L);
        for (var i = 1; i < cuts.Length; i++) sum += cost.IterationTime(Sliced(prompt, cuts[i - 1], cuts[i])).Nanoseconds;

        // Every iteration has its final norm and, in f1, its fixed part and one for the sequence; nothing else is told apart.
        var again = (cuts.Length - 2) * cost.IterationTime(Sliced(prompt, 0, 0)).Nanoseconds;
        Assert.InRange(sum - whole - again, -20, 20);
        Assert.True(cost.Explain(prompt.Shape()).Total.Nanoseconds == whole, draw.ToString());
    }

    [Fact]
    public void Every_level_meets_every_kind_of_model_and_the_calibrated_one_narrow_formats()
    {
        foreach (var level in _levels)
        {
            var drawn = Enumerable.Range(0, Rounds).Select(seed => Draw(level, seed).Draw).ToList();
            foreach (var kind in _kinds) Assert.Contains(drawn, draw => kind(draw.Model));
            Assert.True(drawn.Select(draw => draw.Gpu.Name).Distinct().Count() >= 12);
            if (level is "roofline:calibrated" or "roofline:f0") Assert.True(drawn.Select(draw => draw.Precision.Name).Distinct().Count() >= 8);
        }
    }

    private static (Case Draw, RandomStream Random) Draw(string level, int seed)
    {
        var random = new RandomStream((ulong)seed, level);
        var models = ModelCatalog.All.Where(_kinds[seed % _kinds.Length]).ToList();
        var gpus = AcceleratorCatalog.All;
        var (model, gpu) = (models[random.NextInt(models.Count)], gpus[random.NextInt(gpus.Count)]);
        var tensors = ParallelLayout.AllowedTensor(model, gpu).ToList();
        var precision = PrecisionProfile.All[random.NextInt(PrecisionProfile.All.Count)] with { Kv = KvFormat.All[random.NextInt(KvFormat.All.Count)] };
        return (new(level, model, gpu, tensors[random.NextInt(tensors.Count)], level is "roofline:f1" or "roofline:f2" ? PrecisionProfile.Bf16 : precision), random);
    }

    // More bytes of weights or of the cache, everything else as it was.
    private static IEnumerable<(string, PrecisionProfile)> Heavier(PrecisionProfile precision)
    {
        yield return ("KV bytes", precision with { Kv = precision.Kv with { ElementBytes = 1.5 * precision.Kv.ElementBytes } });
        if (precision.WeightBytes < 2) yield return ("weight bytes", precision with { WeightBytes = precision.WeightBytes + 0.2 });
    }

    private static BatchShape Sliced(Batch prompt, int first, int end)
    {
        var whole = prompt.Shape();
        LayerSlice[] slices =
        [
            new()
            {
                FirstSublayer = first, EndSublayer = end, PrefillTokens = whole.PrefillTokens, PrefillSequences = whole.PrefillSequences,
                PrefillPairs = whole.PrefillPairs, PrefillContextTokens = whole.PrefillContextTokens,
            },
        ];
        return new() { Slices = slices, Sequences = (SequenceSpan[])[.. prompt.Spans.Select(s => s with { FirstSublayer = first, EndSublayer = end })] };
    }

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

    private sealed record Case(string Level, ModelSpec Model, AcceleratorSpec Gpu, int Tensor, PrecisionProfile Precision)
    {
        public Case With(PrecisionProfile precision) => this with { Precision = precision };

        public IExplainedCostModel Make(ModelSpec model, AcceleratorSpec gpu) =>
            CostModelFactory.Create(Level, model, gpu, new(Tensor, 1), CostOptions.KernelsOnly with { Precision = Precision, GraphPadding = false });

        public override string ToString() => $"{Level} {Model.Name} on {Gpu.Name}, tp {Tensor}, {Precision.Name} with {Precision.Kv.Name}";
    }
}
