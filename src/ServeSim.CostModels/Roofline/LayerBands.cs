using System.Buffers;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Cuts a run of sublayers where the batch changes: inside a band every layer sees the same tokens, those of the whole stack
/// and those of the slices that cover it. A batch without slices is one band.
/// </summary>
internal ref struct LayerBands
{
    private readonly BatchShape _whole;
    private readonly int _end;
    private SequenceSpan[]? _rented;

    public LayerBands(in BatchShape shape, int first, int end)
    {
        _whole = shape;
        (End, _end) = (first, end);
        Shape = shape;
        if (!shape.Slices.IsEmpty && !shape.Sequences.IsEmpty) _rented = ArrayPool<SequenceSpan>.Shared.Rent(shape.Sequences.Length);
    }

    /// <summary>First sublayer of the band.</summary>
    public int First { get; private set; }

    /// <summary>The sublayer behind it.</summary>
    public int End { get; private set; }

    /// <summary>What each of its layers computes; logits are the whole batch's.</summary>
    public BatchShape Shape { get; private set; }

    public bool MoveNext()
    {
        if (End >= _end) return false;
        (First, End) = (End, _end);
        if (_whole.Slices.IsEmpty) return true;

        int tokens = _whole.PrefillTokens, sequences = _whole.PrefillSequences, longest = _whole.LongestPrefillContext;
        long pairs = _whole.PrefillPairs, context = _whole.PrefillContextTokens;
        foreach (ref readonly var slice in _whole.Slices)
        {
            if (slice.FirstSublayer > First) End = Math.Min(End, slice.FirstSublayer);
            else if (slice.EndSublayer > First)
            {
                End = Math.Min(End, slice.EndSublayer);
                (tokens, sequences) = (tokens + slice.PrefillTokens, sequences + slice.PrefillSequences);
                (pairs, context) = (pairs + slice.PrefillPairs, context + slice.PrefillContextTokens);
                longest = Math.Max(longest, slice.LongestPrefillContext);
            }
        }

        Shape = new()
        {
            PrefillTokens = tokens,
            PrefillSequences = sequences,
            PrefillPairs = pairs,
            PrefillContextTokens = context,
            LongestPrefillContext = longest,
            DecodeSequences = _whole.DecodeSequences,
            DecodeContextTokens = _whole.DecodeContextTokens,
            LongestDecodeContext = _whole.LongestDecodeContext,
            Sequences = Members(),
        };
        return true;
    }

    public void Dispose()
    {
        if (_rented is { } rented) ArrayPool<SequenceSpan>.Shared.Return(rented);
        _rented = null;
    }

    private readonly ReadOnlySpan<SequenceSpan> Members()
    {
        if (_rented is not { } members) return default;
        var count = 0;
        foreach (ref readonly var member in _whole.Sequences)
            if (member.Crosses(First)) members[count++] = member;
        return members.AsSpan(0, count);
    }
}
