using ServeSim.Abstractions;
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

    /// <summary>(query, key) pairs of the decodes.</summary>
    public double DecodePairs;

    /// <summary>Keys that the decodes read.</summary>
    public double DecodeKeys;

    /// <summary>Full causal attention from the sums of a batch; exact but for <see cref="PrefillPairsPerKey"/>.</summary>
    public static AttentionWork FromSums(in BatchShape shape)
    {
        double decodeKeys = shape.DecodeContextTokens + shape.DecodeSequences;
        double tokens = shape.PrefillTokens, keys = shape.PrefillContextTokens;

        // P/s = q − (q − 1)/2 · q/s for a chunk of q tokens that ends at s. With the batch's mean of q/s the sum is exact
        // for one chunk and for whole prompts, the two usual cases, and needs no list of sequences.
        var perKey = keys > 0 ? tokens - ((tokens - shape.PrefillSequences) / 2 * (tokens / keys)) : 0;
        return new()
        {
            PrefillPairs = shape.PrefillPairs,
            PrefillKeys = keys,
            PrefillPairsPerKey = perKey,
            DecodePairs = decodeKeys,
            DecodeKeys = decodeKeys,
        };
    }

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
            }
            else
            {
                work.PrefillPairs += pairs;
                work.PrefillKeys += keys;
                work.PrefillPairsPerKey += pairs / keys;
            }
        }

        return work;
    }
}
