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

/// <summary>A latency as measured and as simulated.</summary>
public sealed record LatencyComparison(string Name, IReadOnlyList<double> MeasuredSamples, IReadOnlyList<double> SimulatedSamples)
{
    public LatencyStatistics Measured { get; } = LatencyStatistics.Of(MeasuredSamples);

    public LatencyStatistics Simulated { get; } = LatencyStatistics.Of(SimulatedSamples);

    /// <summary>Simulated over measured, minus one.</summary>
    public LatencyStatistics Error => new(Errors.Relative(Simulated.Mean, Measured.Mean), Errors.Relative(Simulated.P50, Measured.P50),
        Errors.Relative(Simulated.P90, Measured.P90), Errors.Relative(Simulated.P99, Measured.P99));
}

/// <summary>A single number as measured and as simulated.</summary>
public sealed record NumberComparison(string Name, string Unit, double Measured, double Simulated)
{
    public double Error => Errors.Relative(Simulated, Measured);
}

/// <summary>Relative errors.</summary>
public static class Errors
{
    public static double Relative(double simulated, double measured) => measured == 0 ? (simulated == 0 ? 0 : double.PositiveInfinity) : (simulated / measured) - 1;
}
