using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Linear;

/// <summary>
/// Milliseconds affine in the work: t = c0 + c1·P + c2·D + c3·C + c4·A. P prompt tokens, D decodes, C tokens that the
/// decoding requests have processed before, A = sum of n·(past + n/2) over the chunks.
/// </summary>
/// <param name="constant">c0: every iteration.</param>
/// <param name="perPrefillToken">c1: per prompt token.</param>
/// <param name="perDecode">c2: per decoding request.</param>
/// <param name="perDecodeContextToken">c3: per token processed before by decoding requests.</param>
/// <param name="perPrefillPair">c4: per (token, earlier token) pair of the chunks.</param>
/// <param name="layers">Layers that share every term but the constant equally; 0 if the model is not known.</param>
public sealed class LinearCostModel(
    double constant, double perPrefillToken, double perDecode, double perDecodeContextToken, double perPrefillPair, int layers = 0) : IExplainedCostModel
{
    /// <inheritdoc/>
    public CostModelInfo Info { get; init; } = new(
        string.Create(CultureInfo.InvariantCulture,
            $"linear:{constant:R},{perPrefillToken:R},{perDecode:R},{perDecodeContextToken:R},{perPrefillPair:R}"),
        "coefficients given by the user",
        "not known to ServeSim: as good as the user's coefficients",
        []);

    /// <inheritdoc/>
    public int Layers => layers;

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape) => SimDuration.FromMilliseconds(
        constant
        + (perPrefillToken * shape.PrefillTokens)
        + (perDecode * shape.DecodeSequences)
        + (perDecodeContextToken * ProcessedTokens(shape))
        + (perPrefillPair * ChunkPairs(shape))
        + SliceMilliseconds(shape, 2 * layers));

    /// <inheritdoc/>
    public SimDuration TimeUntil(in BatchShape shape, int sublayers)
    {
        if (layers == 0) throw new NotSupportedException($"cost model {Info.Name} does not know layers");
        return SimDuration.FromMilliseconds(constant
            + ((double)sublayers / (2 * layers) * ((perPrefillToken * shape.PrefillTokens) + (perDecode * shape.DecodeSequences)
                + (perDecodeContextToken * ProcessedTokens(shape)) + (perPrefillPair * ChunkPairs(shape))))
            + SliceMilliseconds(shape, sublayers));
    }

    /// <inheritdoc/>
    public void DecodeTimes(in BatchShape first, Span<SimDuration> times)
    {
        // The terms of IterationTime in its order, so that they round alike.
        var fixedPart = constant + (perPrefillToken * first.PrefillTokens) + (perDecode * first.DecodeSequences);
        var chunks = perPrefillPair * ChunkPairs(first);
        var processed = ProcessedTokens(first);
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = SimDuration.FromMilliseconds(fixedPart + (perDecodeContextToken * processed) + chunks);
            processed += first.DecodeSequences;
        }
    }

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var ledger = new CostLedger();
        ledger.Add("constant", 1, 0, 0, new(constant * 1e3, BoundBy.Overhead));
        ledger.Add("prompt tokens", 1, 0, 0, new(perPrefillToken * shape.PrefillTokens * 1e3, BoundBy.Compute));
        ledger.Add("decodes", 1, 0, 0, new(perDecode * shape.DecodeSequences * 1e3, BoundBy.Compute));
        ledger.Add("decode context", 1, 0, 0, new(perDecodeContextToken * ProcessedTokens(shape) * 1e3, BoundBy.Memory));
        ledger.Add("prompt pairs", 1, 0, 0, new(perPrefillPair * ChunkPairs(shape) * 1e3, BoundBy.Compute));
        if (!shape.Slices.IsEmpty) ledger.Add("prompts on some layers", 1, 0, 0, new(SliceMilliseconds(shape, 2 * layers) * 1e3, BoundBy.Compute));
        return new(ledger.Rows, IterationTime(shape));
    }

    /// <summary>A chunk that crosses a part of the layers costs that part of its terms.</summary>
    private double SliceMilliseconds(in BatchShape shape, int until)
    {
        if (shape.Slices.IsEmpty) return 0;
        if (layers == 0) throw new NotSupportedException($"cost model {Info.Name} does not know layers");
        double sum = 0;
        foreach (ref readonly var slice in shape.Slices)
        {
            var share = (double)Math.Max(0, Math.Min(until, slice.EndSublayer) - slice.FirstSublayer) / (2 * layers);
            sum += share * ((perPrefillToken * slice.PrefillTokens) + (perPrefillPair * (slice.PrefillPairs - (slice.PrefillTokens / 2.0))));
        }

        return sum;
    }

    // A decoding request has produced the token that it now feeds in: processed is one more than cached.
    private static double ProcessedTokens(in BatchShape shape) => shape.DecodeContextTokens + shape.DecodeSequences;

    // n·(past + n/2) is the causal count n·past + n(n + 1)/2 less half of n.
    private static double ChunkPairs(in BatchShape shape) => shape.PrefillPairs - (shape.PrefillTokens / 2.0);
}
