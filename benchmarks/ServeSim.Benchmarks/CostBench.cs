using BenchmarkDotNet.Attributes;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.Benchmarks;

/// <summary>One operation is the price of one iteration.</summary>
public class CostBench
{
    private static readonly SequenceSpan[] _decodes = [.. Enumerable.Repeat(new SequenceSpan(1, 1000, true), 64)];
    private static readonly SequenceSpan[] _prompt = [new SequenceSpan(2048, 0, false)];
    private static readonly SequenceSpan[] _mixed = [new SequenceSpan(200, 1000, false), new SequenceSpan(248, 552, false), .. _decodes];
    private ICostModel _cost = null!;

    [Params("roofline", "roofline:f0", "roofline:f1", "roofline:f2", "linear:1,0.1,0.01,0.001,0.0001")]
    public string Cost { get; set; } = "roofline";

    [GlobalSetup]
    public void Make() =>
        _cost = CostModelFactory.Create(Cost, ModelCatalog.Get("llama-3.1-8b"), AcceleratorCatalog.Get("h100-sxm"), ParallelLayout.Single);

    [Benchmark(Description = "decode iteration")]
    public SimDuration Decode() => _cost.IterationTime(new BatchShape { DecodeSequences = 64, DecodeContextTokens = 64_000, LongestDecodeContext = 4000, Sequences = Members(_decodes) });

    [Benchmark(Description = "prefill iteration")]
    public SimDuration Prefill() => _cost.IterationTime(new BatchShape
    {
        PrefillTokens = 2048, PrefillSequences = 1, PrefillPairs = 2_098_176, PrefillContextTokens = 2048, CompletedPrefills = 1, LongestPrefillContext = 2048, Sequences = Members(_prompt),
    });

    [Benchmark(Description = "mixed iteration")]
    public SimDuration Mixed() => _cost.IterationTime(new BatchShape
    {
        PrefillTokens = 448, PrefillSequences = 2, PrefillPairs = 400_000, PrefillContextTokens = 2000, CompletedPrefills = 1, LongestPrefillContext = 1200,
        DecodeSequences = 64, DecodeContextTokens = 64_000, LongestDecodeContext = 4000, Sequences = Members(_mixed),
    });

    /// <summary>The members, for the models that ask for them.</summary>
    private ReadOnlySpan<SequenceSpan> Members(SequenceSpan[] members) => _cost.NeedsSequences ? members : default;
}
