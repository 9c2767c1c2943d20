using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Operators;

/// <summary>What one attention layer has to do for a batch, before heads and head sizes are known.</summary>
internal struct AttentionWork
{
    /// <summary>(query, key) pairs of the chunks.</summary>
    public double PrefillPairs;

    /// <summary>Keys that the chunks read.</summary>
    public double PrefillKeys;

    /// <summary>Sum over the chunks of pairs divided by keys read.</summary>
    public double PrefillPairsPerKey;

    /// <summary>Sum over the chunks of the pairs that rounding them up to tiles of 128 rows adds.</summary>
    public double PaddingPairs;

    /// <summary>Tiles of 128 rows.</summary>
    public double Tiles;

    /// <summary>The same sum as <see cref="PaddingPairs"/> for tiles of 64 rows, with the pairs of cached tokens.</summary>
    public double FinePaddingPairs;

    /// <summary>Tiles of 64 rows.</summary>
    public double FineTiles;

    /// <summary>Most tiles of 64 rows that one chunk has.</summary>
    public double LongestFineTiles;

    /// <summary>Most keys that one chunk reads.</summary>
    public double LongestPrefillKeys;

    /// <summary>(query, key) pairs of the decodes.</summary>
    public double DecodePairs;

    /// <summary>Keys that the decodes read.</summary>
    public double DecodeKeys;

    /// <summary>Most keys that one decode reads.</summary>
    public double LongestDecodeKeys;

    /// <summary>
    /// Full causal attention from the sums of a batch; exact but for <see cref="PrefillPairsPerKey"/>, the longest members (the
    /// batch says them, or their mean stands in) and the tiles of several unequal chunks.
    /// </summary>
    /// <param name="shape">The batch.</param>
    /// <param name="sharesOfKeys">Whether <see cref="PrefillPairsPerKey"/> is wanted.</param>
    /// <param name="tiles">Whether the tiles and what they add are wanted.</param>
    public static AttentionWork FromSums(in BatchShape shape, bool sharesOfKeys = true, bool tiles = true)
    {
        double decodeKeys = shape.DecodeContextTokens + shape.DecodeSequences;
        double tokens = shape.PrefillTokens, keys = shape.PrefillContextTokens;

        // P/s = q − (q − 1)/2 · q/s for a chunk of q tokens that ends at s. With the batch's mean of q/s the sum is exact
        // for one chunk and for whole prompts, the two usual cases, and needs no list of sequences.
        var perKey = sharesOfKeys && keys > 0 ? tokens - ((tokens - shape.PrefillSequences) / 2 * (tokens / keys)) : 0;
        var work = new AttentionWork
        {
            PrefillPairs = shape.PrefillPairs,
            PrefillKeys = keys,
            PrefillPairsPerKey = perKey,
            LongestPrefillKeys = LongestPrefill(shape),
            DecodePairs = decodeKeys,
            DecodeKeys = decodeKeys,
            LongestDecodeKeys = LongestDecode(shape),
        };
        if (shape.PrefillSequences > 0 && tiles)
        {
            double chunks = shape.PrefillSequences, mean = chunks == 1 ? tokens : tokens / chunks;
            work.Tiles = chunks * Math.Ceiling(mean / PrefillWork.TileRows);
            work.PaddingPairs = chunks * PrefillWork.Padding(mean);
            work.FinePaddingPairs = chunks * PrefillWork.FinePadding(mean, (keys - tokens) / chunks);
            work.LongestFineTiles = Math.Ceiling(mean / PrefillWork.FineTileRows);
            work.FineTiles = chunks * work.LongestFineTiles;
        }

        return work;
    }

    /// <summary>Most keys that one decode reads, itself included.</summary>
    public static double LongestDecode(in BatchShape shape) => shape.LongestDecodeContext > 0 ? shape.LongestDecodeContext + 1
        : shape.DecodeSequences > 0 ? ((double)shape.DecodeContextTokens / shape.DecodeSequences) + 1 : 0;

    /// <summary>Exact work from the members of a batch.</summary>
    public static AttentionWork FromSequences(ReadOnlySpan<SequenceSpan> sequences, AttentionWindow? window)
    {
        var work = default(AttentionWork);
        foreach (ref readonly var span in sequences)
        {
            double pairs = CausalPairs.Count(span.Tokens, span.CachedTokens, window);
            double keys = CausalPairs.KeysRead(span.Tokens, span.CachedTokens, window);
            if (span.IsDecode)
            {
                work.DecodePairs += pairs;
                work.DecodeKeys += keys;
                work.LongestDecodeKeys = Math.Max(work.LongestDecodeKeys, keys);
            }
            else
            {
                work.PrefillPairs += pairs;
                work.PrefillKeys += keys;
                work.PrefillPairsPerKey += pairs / keys;
                work.Tiles += Math.Ceiling(span.Tokens / PrefillWork.TileRows);
                work.PaddingPairs += PrefillWork.Padding(span.Tokens);
                work.FinePaddingPairs += PrefillWork.FinePadding(span.Tokens, keys - span.Tokens);
                var fine = Math.Ceiling(span.Tokens / PrefillWork.FineTileRows);
                work.FineTiles += fine;
                work.LongestFineTiles = Math.Max(work.LongestFineTiles, fine);
                work.LongestPrefillKeys = Math.Max(work.LongestPrefillKeys, keys);
            }
        }

        return work;
    }

    /// <summary>The chunks in the terms of the calibrated laws.</summary>
    public readonly PrefillWork Prefill(double tokens) => new(
        tokens, PrefillKeys, PrefillPairs, PrefillPairs + PaddingPairs, Tiles, LongestPrefillKeys, PrefillPairs + FinePaddingPairs, FineTiles, LongestFineTiles);

    private static double LongestPrefill(in BatchShape shape) => shape.LongestPrefillContext > 0 ? shape.LongestPrefillContext
        : shape.PrefillSequences > 0 ? (double)shape.PrefillContextTokens / shape.PrefillSequences : 0;
}
