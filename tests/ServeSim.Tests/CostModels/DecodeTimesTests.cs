using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.Tests.CostModels;

/// <summary>Decode iterations timed together take, to the bit, what they take one by one.</summary>
public sealed class DecodeTimesTests
{
    private static readonly string[] _levels = ["roofline", "roofline:f0", "roofline:f1", "roofline:f2", "roofline+padded:0.5"];

    // Full attention with and without experts, windows, windows with experts, chunks, latent attention.
    private static readonly (string Model, int Tensor)[] _models =
        [("llama-3.1-8b", 1), ("llama-3.1-70b", 4), ("qwen3-30b-a3b", 2), ("gemma-2-9b", 1), ("gemma-3-27b", 2), ("gpt-oss-20b", 1), ("llama-4-scout", 8), ("deepseek-v2-lite", 1), ("deepseek-v3", 8)];

    public static TheoryData<string, string, int, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, int, int>();
            foreach (var level in _levels)
                foreach (var (model, tensor) in _models)
                    foreach (var pipeline in new[] { 1, 3 }) data.Add(level, model, tensor, pipeline);
            data.Add("linear:5.1,0.05,0.031,0.00025,0.000002", "llama-3.1-8b", 1, 1);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Together_they_take_what_they_take_one_by_one(string spec, string model, int tensor, int pipeline)
    {
        var cost = CostModelFactory.Create(spec, ModelCatalog.Get(model), AcceleratorCatalog.Get("h100-sxm"), new ParallelLayout(tensor, pipeline));
        var random = new RandomStream(3, "decode times");
        var times = new SimDuration[300];
        for (var round = 0; round < 30; round++)
        {
            var sequences = 1 + random.NextInt(round % 2 == 0 ? 40 : 300);
            var longest = random.NextInt(3) == 0 ? 0 : 1 + random.NextInt(9000);
            var first = new BatchShape { DecodeSequences = sequences, DecodeContextTokens = sequences * (1L + random.NextInt(4000)), LongestDecodeContext = longest };
            if (cost.NeedsSequences || round % 5 == 0) first = WithMembers(first, random);
            cost.DecodeTimes(first, times);
            for (var i = 0; i < times.Length; i++)
            {
                SequenceSpan[] members = [.. first.Sequences.ToArray().Select(span => span with { CachedTokens = span.CachedTokens + i })];
                var alone = cost.IterationTime(new BatchShape
                {
                    DecodeSequences = sequences,
                    DecodeContextTokens = first.DecodeContextTokens + ((long)i * sequences),
                    LongestDecodeContext = first.LongestDecodeContext == 0 ? 0 : first.LongestDecodeContext + i,
                    Sequences = members,
                });
                Assert.Equal(alone, times[i]);
            }
        }
    }

    [Theory, InlineData("gemma-3-27b"), InlineData("llama-4-scout")]
    public void Windows_need_the_members(string model)
    {
        var cost = CostModelFactory.Create("roofline", ModelCatalog.Get(model), AcceleratorCatalog.Get("b200"), new(8, 1));
        Assert.Throws<ArgumentException>(() => cost.DecodeTimes(new BatchShape { DecodeSequences = 3, DecodeContextTokens = 900 }, new SimDuration[4]));
    }

    [Theory, InlineData("llama-3.1-8b"), InlineData("gpt-oss-20b"), InlineData("llama-4-scout"), InlineData("deepseek-v2-lite")]
    public void They_allocate_nothing(string model)
    {
        var cost = CostModelFactory.Create("roofline", ModelCatalog.Get(model), AcceleratorCatalog.Get("b200"), new(8, 1));
        var shape = WithMembers(new() { DecodeSequences = 200 }, new(5, "allocation"));
        var times = new SimDuration[128];
        cost.DecodeTimes(shape, times);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 50; i++) cost.DecodeTimes(shape, times);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static BatchShape WithMembers(BatchShape shape, RandomStream random)
    {
        var members = new SequenceSpan[shape.DecodeSequences];
        for (var i = 0; i < members.Length; i++)
        {
            var cached = random.NextInt(4) switch { 0 => random.NextInt(200), 1 => random.NextInt(20_000), 2 => (8192 * (1 + random.NextInt(2))) - random.NextInt(3), _ => 4096 };
            members[i] = new(1, cached, true);
        }

        return shape with { DecodeContextTokens = members.Sum(span => (long)span.CachedTokens), LongestDecodeContext = members.Max(span => span.CachedTokens), Sequences = members };
    }
}
