using ServeSim.Abstractions;

namespace ServeSim.Conformance.Support;

/// <summary>A cost model from coefficients in milliseconds, written apart from the product's own; the last one weighs the longest contexts.</summary>
internal sealed class FormulaCost(double c0, double c1 = 0, double c2 = 0, double c3 = 0, double c4 = 0, int stages = 1, double longest = 0) : ICostModel
{
    public CostModelInfo Info { get; } = new("formula", "test", "none", []);

    public int PipelineStages => stages;

    public SimDuration IterationTime(in BatchShape shape) => SimDuration.FromMilliseconds(
        c0 + (c1 * shape.PrefillTokens) + (c2 * shape.DecodeSequences)
        + (c3 * (shape.DecodeContextTokens + shape.DecodeSequences)) + (c4 * (shape.PrefillPairs - (shape.PrefillTokens / 2.0)))
        + (longest * (shape.LongestDecodeContext + shape.LongestPrefillContext)));

    public SimDuration StageTime(in BatchShape shape, int stage)
    {
        var whole = IterationTime(shape).Nanoseconds;
        return new((whole / stages) + (stage < whole % stages ? 1 : 0));
    }
}
