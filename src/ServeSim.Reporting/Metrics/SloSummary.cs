namespace ServeSim.Reporting.Metrics;

/// <summary>How many requests kept their limits, and at which rate.</summary>
public sealed record SloSummary
{
    /// <summary>Requests that finished within all their limits.</summary>
    public required long Good { get; init; }

    /// <summary>Good requests per second.</summary>
    public required double? RequestGoodput { get; init; }

    /// <summary>Output tokens of good requests per second.</summary>
    public required double? TokenGoodput { get; init; }

    /// <summary>Prompt and output tokens of good requests per second.</summary>
    public double? TotalTokenGoodput { get; init; }

    /// <summary>Tokens of finished requests that came out before their own deadline, per second.</summary>
    public required double? StrictTokenGoodput { get; init; }

    /// <summary>Good among all measured requests, however they ended.</summary>
    public required double Attainment { get; init; }

    /// <summary>Good among finished requests; null when none finished.</summary>
    public required double? AttainmentOfFinished { get; init; }

    /// <summary>Finished requests that met a TPOT limit only because one token has no TPOT.</summary>
    public required long OneTokenOutputsUnderTpotLimit { get; init; }
}
