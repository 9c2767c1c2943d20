namespace ServeSim.Abstractions;

/// <summary>
/// The work of one iteration in the sums that cost models need. Prefill sums are of the chunks that cross all layers; those
/// that cross a part of them are in <see cref="Slices"/>, which only models with <see cref="ICostModel.Layers"/> are given.
/// </summary>
public readonly ref struct BatchShape
{
    /// <summary>Prompt tokens computed.</summary>
    public int PrefillTokens { get; init; }

    /// <summary>Requests that compute a prefill chunk.</summary>
    public int PrefillSequences { get; init; }

    /// <summary>Causal (query, key) pairs of the chunks: sum of q·c + q(q+1)/2 for q tokens after c cached ones.</summary>
    public long PrefillPairs { get; init; }

    /// <summary>Sum over the chunks of c + q: positions whose keys and values a chunk reads.</summary>
    public long PrefillContextTokens { get; init; }

    /// <summary>Chunks that complete a prefill, and so yield a token; those of a slice with the last layer too.</summary>
    public int CompletedPrefills { get; init; }

    /// <summary>Requests that decode one token.</summary>
    public int DecodeSequences { get; init; }

    /// <summary>Sum over decoding requests of the tokens cached before the iteration.</summary>
    public long DecodeContextTokens { get; init; }

    /// <summary>Largest c + q of a chunk; 0 where nobody keeps it, and the mean stands in.</summary>
    public int LongestPrefillContext { get; init; }

    /// <summary>Largest number of tokens that a decoding request has cached; 0 where nobody keeps it, and the mean stands in.</summary>
    public int LongestDecodeContext { get; init; }

    /// <summary>
    /// Every member; empty unless the cost model asks (<see cref="ICostModel.NeedsSequences"/>). Chunks stand in the order in which they were
    /// planned, decodes in no order that a cost may depend on; they may be left out where it does not ask for them
    /// (<see cref="ICostModel.NeedsDecodes"/>).
    /// </summary>
    public ReadOnlySpan<SequenceSpan> Sequences { get; init; }

    /// <summary>The sums of a batch that only decodes, so many iterations later; its members are not listed.</summary>
    public BatchShape DecodedFurther(int iterations) => new()
    {
        DecodeSequences = DecodeSequences,
        DecodeContextTokens = DecodeContextTokens + ((long)iterations * DecodeSequences),
        LongestDecodeContext = LongestDecodeContext > 0 ? LongestDecodeContext + iterations : 0,
    };

    /// <summary>The same with its members, which are written to <paramref name="members"/>: as many as <see cref="Sequences"/>.</summary>
    public BatchShape DecodedFurther(int iterations, Span<SequenceSpan> members)
    {
        for (var i = 0; i < Sequences.Length; i++) members[i] = Sequences[i] with { CachedTokens = Sequences[i].CachedTokens + iterations };
        return DecodedFurther(iterations) with { Sequences = members[..Sequences.Length] };
    }

    /// <summary>Chunks that cross a part of the layers, one entry for each part.</summary>
    public ReadOnlySpan<LayerSlice> Slices { get; init; }

    /// <summary>Tokens that all layers compute.</summary>
    public int Tokens => PrefillTokens + DecodeSequences;

    /// <summary>Requests that take part, on all layers or on some.</summary>
    public int SequenceCount
    {
        get
        {
            var count = PrefillSequences + DecodeSequences;
            foreach (ref readonly var slice in Slices) count += slice.PrefillSequences;
            return count;
        }
    }

    /// <summary>True if <see cref="Sequences"/> lists every member, or every one but the decodes where those are not needed.</summary>
    public bool ListsMembers(bool needsDecodes)
    {
        var (listed, all) = (Sequences.Length, SequenceCount);
        return listed == all || (!needsDecodes && listed == all - DecodeSequences);
    }

    /// <summary>Rows that need logits: one per decode and per completed prefill.</summary>
    public int LogitRows => DecodeSequences + CompletedPrefills;
}

/// <summary>One member of a batch as a cost model may need it.</summary>
/// <param name="Tokens">Tokens computed in the iteration (q).</param>
/// <param name="CachedTokens">Tokens cached before it (c).</param>
/// <param name="IsDecode">True for a decode.</param>
public readonly record struct SequenceSpan(int Tokens, int CachedTokens, bool IsDecode)
{
    /// <summary>First sublayer that it crosses (<see cref="LayerSlice"/>).</summary>
    public int FirstSublayer { get; init; }

    /// <summary>The sublayer behind the last one; 0 if it crosses all layers.</summary>
    public int EndSublayer { get; init; }

    /// <summary>True if it computes in this sublayer.</summary>
    public bool Crosses(int sublayer) => EndSublayer == 0 || (sublayer >= FirstSublayer && sublayer < EndSublayer);
}
