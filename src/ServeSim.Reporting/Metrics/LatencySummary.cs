namespace ServeSim.Reporting.Metrics;

/// <summary>One latency over many samples, in milliseconds; the numbers are null without samples.</summary>
public sealed record LatencySummary
{
    public required long Count { get; init; }
    public required double? MeanMilliseconds { get; init; }

    /// <summary>Population standard deviation.</summary>
    public required double? StdMilliseconds { get; init; }
    public required double? MinMilliseconds { get; init; }
    public required double? MaxMilliseconds { get; init; }

    /// <summary>In rising order; 50, 90 and 99 are always among them.</summary>
    public required IReadOnlyList<PercentileValue> Percentiles { get; init; }

    /// <summary>"exact", or the sketch and its bound.</summary>
    public required string PercentileMethod { get; init; }

    public double? MedianMilliseconds => Percentile(50);

    /// <summary>One of the listed percentiles.</summary>
    public double? Percentile(double percent) => Percentiles.First(p => p.Percent == percent).Milliseconds;

    internal static LatencySummary From(Distribution samples, IReadOnlyList<double> percentiles) => new()
    {
        Count = samples.Count,
        MeanMilliseconds = samples.Mean / 1e6,
        StdMilliseconds = samples.StandardDeviation / 1e6,
        MinMilliseconds = samples.Minimum / 1e6,
        MaxMilliseconds = samples.Maximum / 1e6,
        Percentiles = [.. percentiles.Select(p => new PercentileValue(p, samples.Percentile(p) / 1e6))],
        PercentileMethod = samples.PercentileMethod,
    };
}
