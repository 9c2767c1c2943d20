using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.Tests.CostModels;

/// <summary>Decode iterations timed together take, to the bit, what they take one by one.</summary>
public sealed class DecodeTimesTests
{
    [Theory]
    [InlineData("roofline", "llama-3.1-8b", 1), InlineData("roofline", "llama-3.1-70b", 4), InlineData("roofline", "qwen3-30b-a3b", 2)]
    [InlineData("roofline:f0", "llama-3.1-8b", 1), InlineData("roofline:f0", "qwen3-30b-a3b", 2)]
    [InlineData("roofline:f2", "llama-3.1-8b", 1), InlineData("roofline:f2", "llama-3.1-70b", 4), InlineData("roofline:f2", "qwen3-30b-a3b", 2)]
    [InlineData("linear:5.1,0.05,0.031,0.00025,0.000002", "llama-3.1-8b", 1)]
    public void Together_they_take_what_they_take_one_by_one(string spec, string model, int tensor)
    {
        var cost = CostModelFactory.Create(spec, ModelCatalog.Get(model), AcceleratorCatalog.Get("h100-sxm"), new ParallelLayout(tensor, 1));
        var random = new RandomStream(3, "decode times");
        var times = new SimDuration[300];
        for (var round = 0; round < 200; round++)
        {
            var sequences = 1 + random.NextInt(round % 2 == 0 ? 40 : 700);
            var longest = random.NextInt(3) == 0 ? 0 : 1 + random.NextInt(9000);
            var first = new BatchShape { DecodeSequences = sequences, DecodeContextTokens = sequences * (1L + random.NextInt(4000)), LongestDecodeContext = longest };
            cost.DecodeTimes(first, times);
            for (var i = 0; i < times.Length; i++)
            {
                var alone = cost.IterationTime(new BatchShape
                {
                    DecodeSequences = sequences,
                    DecodeContextTokens = first.DecodeContextTokens + ((long)i * sequences),
                    LongestDecodeContext = longest == 0 ? 0 : longest + i,
                });
                Assert.Equal(alone, times[i]);
            }
        }
    }
}
