using ServeSim.Abstractions;

namespace ServeSim.Conformance.Support;

/// <summary>
/// A cost model from coefficients in milliseconds, written apart from the product's own; the last one weighs the longest contexts.
/// All layers cost the same.
/// </summary>
internal sealed class FormulaCost(double c0, double c1 = 0, double c2 = 0, double c3 = 0, double c4 = 0, int stages = 1, double longest = 0, int layers = 6) : ICostModel
{
    public CostModelInfo Info { get; } = new("formula", "test", "none", []);

    public int PipelineStages => stages;

    public int Layers => layers;

    public bool HasSublayers => true;

    public SimDuration IterationTime(in BatchShape shape) => TimeUntil(shape, 2 * layers);

    public SimDuration TimeUntil(in BatchShape shape, int sublayers)
    {
        var milliseconds = c0 + Share(0, 2 * layers, sublayers, (c2 * shape.DecodeSequences) + (c3 * (shape.DecodeContextTokens + shape.DecodeSequences))
            + Prefill(shape.PrefillTokens, shape.PrefillPairs) + (longest * (shape.LongestDecodeContext + shape.LongestPrefillContext)));
        foreach (var slice in shape.Slices)
            milliseconds += Share(slice.FirstSublayer, slice.EndSublayer, sublayers, Prefill(slice.PrefillTokens, slice.PrefillPairs) + (longest * slice.LongestPrefillContext));
        return SimDuration.FromMilliseconds(milliseconds);
    }

    public double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue)
    {
        double reads = shape.Tokens;
        foreach (var slice in shape.Slices) reads += Share(slice.FirstSublayer, slice.EndSublayer, sublayers, slice.PrefillTokens);
        return reads;
    }

    public SimDuration StageTime(in BatchShape shape, int stage)
    {
        var whole = IterationTime(shape).Nanoseconds;
        return new((whole / stages) + (stage < whole % stages ? 1 : 0));
    }

    private double Prefill(int tokens, long pairs) => (c1 * tokens) + (c4 * (pairs - (tokens / 2.0)));

    private double Share(int first, int end, int until, double whole) => whole * Math.Max(0, Math.Min(until, end) - first) / (2 * layers);
}
