namespace ServeSim.Workloads.Readers;

/// <summary>A known trace layout: its columns or keys, and what its times count from.</summary>
/// <param name="Name">Format name, as given by the user.</param>
/// <param name="IsJson">JSON lines, else CSV.</param>
/// <param name="Fields">Its columns or keys.</param>
internal sealed record Layout(string Name, bool IsJson, FieldSpec[] Fields)
{
    /// <summary>Tokens per hash id.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>Times are dates or clock readings: the first record is the start.</summary>
    public bool CountsFromFirst { get; init; }

    /// <summary>Records carry arrivals (or follow others).</summary>
    public bool HasArrivals { get; init; } = true;

    /// <summary>A record can wait for another.</summary>
    public bool MayHaveDependencies { get; init; }

    /// <summary>Number of required names that appear among those given.</summary>
    public int Matches(IReadOnlyCollection<string> names) =>
        Fields.Count(spec => spec.Required && names.Contains(spec.Name, StringComparer.OrdinalIgnoreCase));

    public int RequiredCount => Fields.Count(spec => spec.Required);
}
