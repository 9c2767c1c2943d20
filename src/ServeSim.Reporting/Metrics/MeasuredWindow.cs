namespace ServeSim.Reporting.Metrics;

/// <summary>The time from the first measured arrival to the last completion of a measured request.</summary>
/// <param name="Warmup">The warm-up rule in words.</param>
/// <param name="FirstArrivalSeconds">Null when nothing was measured.</param>
/// <param name="LastCompletionSeconds">Null when nothing finished.</param>
/// <param name="DurationSeconds">0 when nothing finished.</param>
public sealed record MeasuredWindow(string Warmup, double? FirstArrivalSeconds, double? LastCompletionSeconds, double DurationSeconds);
