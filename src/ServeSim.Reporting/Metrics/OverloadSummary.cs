namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Whether the queue grew through the whole measured window, so that latencies depend on the length of the run.
/// The slope is the growth of the requests waiting, seen by arrivals, over the time between the first and the last of
/// up to 64 time buckets; its 95 % interval comes from the scatter of the growth between neighbouring buckets.
/// </summary>
/// <param name="IsOverloaded">See <see cref="Rule"/>.</param>
/// <param name="SlopePerSecond">Waiting requests gained per second; null without enough arrivals.</param>
/// <param name="LowerPerSecond">Lower end of the 95 % interval.</param>
/// <param name="UpperPerSecond">Upper end of the 95 % interval.</param>
public sealed record OverloadSummary(bool IsOverloaded, double? SlopePerSecond, double? LowerPerSecond, double? UpperPerSecond)
{
    /// <summary>When a run counts as overloaded.</summary>
    public static string Rule =>
        "the lower 95 % bound of the slope gains at least 10 requests and half the mean queue over the window, and the queue grows from each third of it to the next";
}
