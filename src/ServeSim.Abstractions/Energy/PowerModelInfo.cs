namespace ServeSim.Abstractions;

/// <summary>Where a power model's numbers come from; repeated in every report.</summary>
/// <param name="Name">The model and its parameters.</param>
/// <param name="Source">Data it rests on.</param>
/// <param name="KnownError">How far to trust it.</param>
/// <param name="Warnings">What a reader of the result must know.</param>
public sealed record PowerModelInfo(string Name, string Source, string KnownError, IReadOnlyList<string> Warnings);
