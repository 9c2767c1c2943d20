namespace ServeSim.Reporting.Metrics;

/// <summary>How the length predictions of a run compare with the truth, over finished requests that were asked about.</summary>
public sealed record LengthPredictionSummary
{
    /// <summary>Requests counted.</summary>
    public required long Requests { get; init; }

    /// <summary>Share whose first answer was not below the truth; null without requests.</summary>
    public required double? Coverage { get; init; }

    /// <summary>Mean of answer over truth, for the first answers after so many generated tokens.</summary>
    public required IReadOnlyList<LengthRatio> Ratios { get; init; }
}

/// <summary>Mean of answer over truth.</summary>
/// <param name="GeneratedTokens">Of the first answer after so many tokens.</param>
/// <param name="Requests">Requests that were asked about then.</param>
/// <param name="Mean">The mean; null without requests.</param>
public readonly record struct LengthRatio(int GeneratedTokens, long Requests, double? Mean);
