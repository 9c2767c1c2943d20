namespace ServeSim.Experiments.Validation;

/// <summary>A latency as measured and as simulated.</summary>
public sealed record LatencyComparison(string Name, IReadOnlyList<double> MeasuredSamples, IReadOnlyList<double> SimulatedSamples)
{
    public LatencyStatistics Measured { get; } = LatencyStatistics.Of(MeasuredSamples);

    public LatencyStatistics Simulated { get; } = LatencyStatistics.Of(SimulatedSamples);

    /// <summary>Simulated over measured, minus one.</summary>
    public LatencyStatistics Error => new(Errors.Relative(Simulated.Mean, Measured.Mean), Errors.Relative(Simulated.P50, Measured.P50),
        Errors.Relative(Simulated.P90, Measured.P90), Errors.Relative(Simulated.P99, Measured.P99));
}
