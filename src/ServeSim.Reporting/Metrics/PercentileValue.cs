using System.Globalization;

namespace ServeSim.Reporting.Metrics;

/// <summary>One percentile of a latency; null without samples.</summary>
public readonly record struct PercentileValue(double Percent, double? Milliseconds)
{
    /// <summary>Name without trailing zeros: p99, p99.9.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"p{Percent}");
}
