using ServeSim.Reporting.Metrics;

namespace ServeSim.Experiments.Validation;

/// <summary>Mean and percentiles of a latency, in seconds.</summary>
public sealed record LatencyStatistics(double Mean, double P50, double P90, double P99)
{
    /// <summary>Of samples in seconds.</summary>
    public static LatencyStatistics Of(IEnumerable<double> seconds)
    {
        var samples = new Distribution(keepAll: true);
        foreach (var value in seconds) samples.Add((long)Math.Round(value * 1e9));
        return new(samples.Mean / 1e9 ?? double.NaN, At(50), At(90), At(99));

        double At(double percent) => samples.Percentile(percent) / 1e9 ?? double.NaN;
    }
}
