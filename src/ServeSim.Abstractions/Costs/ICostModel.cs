namespace ServeSim.Abstractions;

/// <summary>What an iteration costs. Implementations are pure: the same shape always takes the same time.</summary>
public interface ICostModel
{
    /// <summary>Name, sources, known error and anything a reader of the result must be told.</summary>
    CostModelInfo Info { get; }

    /// <summary>Time from the start of the iteration to its last token, all pipeline stages included; rounded once, half to even.</summary>
    SimDuration IterationTime(in BatchShape shape);

    /// <summary>
    /// Times of consecutive decode iterations of one unchanged batch. <paramref name="first"/> is the shape of the first; from one
    /// to the next the cached tokens grow by one for each decode. Bit for bit what <see cref="IterationTime"/> gives for each.
    /// </summary>
    void DecodeTimes(in BatchShape first, Span<SimDuration> times)
    {
        for (var i = 0; i < times.Length; i++) times[i] = IterationTime(first.DecodedFurther(i));
    }

    /// <summary>Pipeline stages; that many iterations can be in flight.</summary>
    int PipelineStages => 1;

    /// <summary>Time that the iteration occupies one stage. The stages add up to <see cref="IterationTime"/>.</summary>
    SimDuration StageTime(in BatchShape shape, int stage) => IterationTime(shape);

    /// <summary>True when <see cref="BatchShape.Sequences"/> must be filled.</summary>
    bool NeedsSequences => false;
}

/// <summary>Where a cost model's numbers come from; repeated in every report.</summary>
/// <param name="Name">The model and its parameters.</param>
/// <param name="Source">Data it rests on.</param>
/// <param name="KnownError">Its measured error, or why there is none.</param>
/// <param name="Warnings">What a reader of the result must know.</param>
public sealed record CostModelInfo(string Name, string Source, string KnownError, IReadOnlyList<string> Warnings);
