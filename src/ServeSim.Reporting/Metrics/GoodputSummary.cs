namespace ServeSim.Reporting.Metrics;

/// <summary>Goodput by service class, and over time.</summary>
public sealed record GoodputSummary
{
    /// <summary>Whose definition counts.</summary>
    public required GoodputMode Mode { get; init; }

    /// <summary>All measured requests.</summary>
    public required ClassGoodput All { get; init; }

    /// <summary>By class, in ordinal order of the names; requests without a class go under their kind.</summary>
    public required IReadOnlyList<ClassGoodput> Classes { get; init; }

    /// <summary>What finished requests earned in each window of completion time, counted from the first measured arrival.</summary>
    public required IReadOnlyList<GoodputWindow> Windows { get; init; }
}

/// <summary>Goodput of one class. Rates divide by the duration of the measured window.</summary>
public sealed record ClassGoodput
{
    public required string Name { get; init; }

    /// <summary>What counts; null over several kinds.</summary>
    public required string? Kind { get; init; }

    /// <summary>Measured requests of the class, however they ended.</summary>
    public required long Requests { get; init; }
    public required long Finished { get; init; }

    /// <summary>Requests that met their SLO.</summary>
    public required long Good { get; init; }

    /// <summary>Input and output tokens that count.</summary>
    public required long InputTokens { get; init; }
    public required long OutputTokens { get; init; }

    /// <summary>Good requests per second.</summary>
    public required double? RequestsPerSecond { get; init; }

    /// <summary>Tokens that count per second.</summary>
    public required double? TokensPerSecond { get; init; }

    /// <summary>The same with output tokens weighing 8 times as much as input tokens.</summary>
    public required double? WeightedTokensPerSecond { get; init; }

    /// <summary>Latencies of the class's finished requests; null over all classes.</summary>
    public required ClassLatencies? Latencies { get; init; }
}

/// <summary>Latencies of finished requests only: <see cref="ClassGoodput.Requests"/> less <see cref="ClassGoodput.Finished"/> are left out.</summary>
/// <param name="Ttft">Arrival to first token.</param>
/// <param name="MaxTbt">Largest gap of each request.</param>
/// <param name="E2e">Arrival to last token.</param>
public sealed record ClassLatencies(LatencySummary Ttft, LatencySummary MaxTbt, LatencySummary E2e);

/// <summary>What finished requests earned in a window of completion time.</summary>
/// <param name="Finished">Requests that finished in it.</param>
/// <param name="Good">Those that met their SLO.</param>
/// <param name="Tokens">Tokens that count.</param>
/// <param name="WeightedTokens">Their value.</param>
public readonly record struct GoodputWindow(long Finished, long Good, long Tokens, long WeightedTokens)
{
    /// <summary>Length of a window.</summary>
    public const int Seconds = 60;
}
