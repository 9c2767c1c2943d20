namespace ServeSim.Abstractions;

/// <summary>What an iteration costs. Implementations are pure: the same shape always takes the same time.</summary>
public interface ICostModel
{
    /// <summary>Name, sources, known error and anything a reader of the result must be told.</summary>
    CostModelInfo Info { get; }

    /// <summary>Time from the start of the iteration to its last token, all pipeline stages included; rounded once, half to even.</summary>
    SimDuration IterationTime(in BatchShape shape);

    /// <summary>
    /// Times of consecutive decode iterations of one unchanged batch. <paramref name="first"/> is the shape of the first, with its
    /// members where <see cref="NeedsSequences"/> asks for them; from one to the next the cached tokens grow by one for each decode.
    /// Bit for bit what <see cref="IterationTime"/> gives for each.
    /// </summary>
    void DecodeTimes(in BatchShape first, Span<SimDuration> times) => DecodesOneByOne.Fill(this, first, times);

    /// <summary>Pipeline stages; that many iterations can be in flight.</summary>
    int PipelineStages => 1;

    /// <summary>Time that the iteration occupies one stage. The stages add up to <see cref="IterationTime"/>.</summary>
    SimDuration StageTime(in BatchShape shape, int stage) => IterationTime(shape);

    /// <summary>True when <see cref="BatchShape.Sequences"/> must be filled.</summary>
    bool NeedsSequences => false;

    /// <summary>False when it may list the members that compute prompt tokens alone: of decodes the sums suffice.</summary>
    bool NeedsDecodes => NeedsSequences;

    /// <summary>Layers of the model if <see cref="BatchShape.Slices"/> are priced; 0 if the model has no form for them.</summary>
    int Layers => 0;

    /// <summary>True when <see cref="TimeUntil"/> knows the boundary between the attention and the MLP block of a layer.</summary>
    bool HasSublayers => false;

    /// <summary>Time from the start of the iteration until its first so many sublayers are done (<see cref="LayerSlice"/>); rises with them.</summary>
    /// <exception cref="NotSupportedException">The model does not know layers.</exception>
    SimDuration TimeUntil(in BatchShape shape, int sublayers) =>
        throw new NotSupportedException($"cost model {Info.Name} does not know layers");

    /// <summary>Routed experts that the iteration reads, summed over its first so many sublayers; 0 for a dense model.</summary>
    double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue) => 0;
}

/// <summary>Where a cost model's numbers come from; repeated in every report.</summary>
/// <param name="Name">The model and its parameters.</param>
/// <param name="Source">Data it rests on.</param>
/// <param name="KnownError">Its measured error, or why there is none.</param>
/// <param name="Warnings">What a reader of the result must know.</param>
public sealed record CostModelInfo(string Name, string Source, string KnownError, IReadOnlyList<string> Warnings);
