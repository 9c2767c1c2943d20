using System.Buffers;

namespace ServeSim.Abstractions;

/// <summary>The plain form of <see cref="ICostModel.DecodeTimes"/>: every iteration is asked for. Faster forms must give the same bits.</summary>
public static class DecodesOneByOne
{
    /// <summary>Times of consecutive decode iterations, one call each.</summary>
    /// <param name="cost">The cost model.</param>
    /// <param name="first">Shape of the first iteration; its members, if it lists them, grow with it.</param>
    /// <param name="times">One time for each iteration.</param>
    public static void Fill(ICostModel cost, in BatchShape first, Span<SimDuration> times)
    {
        if (first.Sequences.IsEmpty)
        {
            for (var i = 0; i < times.Length; i++) times[i] = cost.IterationTime(first.DecodedFurther(i));
            return;
        }

        var members = ArrayPool<SequenceSpan>.Shared.Rent(first.Sequences.Length);
        for (var i = 0; i < times.Length; i++) times[i] = cost.IterationTime(first.DecodedFurther(i, members));
        ArrayPool<SequenceSpan>.Shared.Return(members);
    }
}
