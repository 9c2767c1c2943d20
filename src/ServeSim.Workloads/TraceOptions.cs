using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>How a trace is read and what is done to it, in the order of the members.</summary>
public sealed record TraceOptions
{
    /// <summary>How the file is read.</summary>
    public TraceReadOptions Read { get; init; } = new();

    /// <summary>Keeps arrivals from here on and counts time from here.</summary>
    public SimTime? WindowStart { get; init; }

    /// <summary>Keeps arrivals before this moment.</summary>
    public SimTime? WindowEnd { get; init; }

    /// <summary>Share of conversations to keep, 0 to 1.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>Keeps the first so many records.</summary>
    public long? Limit { get; init; }

    /// <summary>Recorded times are multiplied by this: 0.5 doubles the load.</summary>
    public double TimeScale { get; init; } = 1;

    /// <summary>Load multiplier: recorded times are divided by this.</summary>
    public double RateScale { get; init; } = 1;

    /// <summary>Replaces the arrivals of requests that wait for none.</summary>
    public ArrivalSpec Arrivals { get; init; } = ArrivalSpec.Trace;

    /// <summary>How many times the result is played.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>Pause between the last arrival of a copy and the start of the next.</summary>
    public SimDuration Gap { get; init; }

    /// <summary>Seed of sampling and arrivals.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>True when records come out as they are read.</summary>
    public bool IsIdentity => this with { Read = new(), Seed = 1 } == new TraceOptions();

    /// <summary>Reads <c>A..B</c> in seconds; either end may be missing.</summary>
    /// <exception cref="InputException">Not of that form.</exception>
    public static (SimTime? Start, SimTime? End) ParseWindow(string text)
    {
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        if (dots < 0) throw new InputException($"window \"{text}\" is not of the form A..B in seconds");
        return (Bound(text, text[..dots]), Bound(text, text[(dots + 2)..]));
    }

    internal void Validate()
    {
        var problems = new List<string>();
        if (WindowStart < SimTime.Zero) problems.Add($"window start must be at least 0, got {WindowStart}");
        if (WindowEnd <= (WindowStart ?? SimTime.Zero)) problems.Add($"window end must be after its start, got {WindowStart ?? SimTime.Zero}..{WindowEnd}");
        if (Sample is not (> 0 and <= 1)) problems.Add(FormattableString.Invariant($"sample must be in (0, 1], got {Sample}"));
        if (Limit < 1) problems.Add(FormattableString.Invariant($"limit must be at least 1, got {Limit}"));
        if (TimeScale is not (>= 1e-6 and <= 1e6)) problems.Add(FormattableString.Invariant($"time-scale must be from 1e-6 to 1e6, got {TimeScale}"));
        if (RateScale is not (>= 1e-6 and <= 1e6)) problems.Add(FormattableString.Invariant($"rate-scale must be from 1e-6 to 1e6, got {RateScale}"));
        if (Repeat < 1) problems.Add(FormattableString.Invariant($"repeat must be at least 1, got {Repeat}"));
        if (Gap < SimDuration.Zero) problems.Add($"gap must be at least 0, got {Gap}");
        if (problems.Count > 0) throw new InputException(problems);
    }

    private static SimTime? Bound(string whole, string text) =>
        text.Length == 0 ? null
        : Readers.NumberText.ParseTime(System.Text.Encoding.UTF8.GetBytes(text), 9, out var time) == Readers.NumberVerdict.Good && time >= 0 ? new SimTime(time)
        : throw new InputException($"window \"{whole}\": \"{text}\" is not a number of seconds");
}
