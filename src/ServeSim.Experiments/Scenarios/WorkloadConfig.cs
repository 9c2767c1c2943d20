using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Synthetic requests of one kind.</summary>
public sealed record WorkloadClassConfig
{
    /// <summary>Prompt tokens: constant:N, uniform:A,B, exponential:MEAN or lognormal:MEDIAN,SPREAD, each with @A..B if need be.</summary>
    public required string Input { get; init; }

    /// <summary>Output tokens, in the same way.</summary>
    public required string Output { get; init; }

    /// <summary>Arrivals of its own, such as poisson:2; null takes its share of workload.arrivals.</summary>
    public string? Arrivals { get; init; }

    /// <summary>Its part of workload.arrivals, relative to the other classes'.</summary>
    public double Share { get; init; } = 1;

    public string? Tenant { get; init; }
    public string? SloClass { get; init; }
    public int Priority { get; init; }

    /// <summary>The cap that its clients send.</summary>
    public int? MaxOutput { get; init; }

    /// <summary>Its own arrivals begin then.</summary>
    public SimDuration Start { get; init; }

    /// <summary>Its own arrivals end then.</summary>
    public SimDuration? Stop { get; init; }

    /// <summary>Its own arrivals come for so long, then pause.</summary>
    public SimDuration Active { get; init; }

    /// <summary>How long they pause.</summary>
    public SimDuration Pause { get; init; }

    internal SyntheticClass ToClass(string name) => new(name, LengthSpec.Parse(Input), LengthSpec.Parse(Output))
    {
        Arrivals = Arrivals is null ? null : ArrivalSpec.Parse(Arrivals),
        Share = Share,
        Tenant = Tenant,
        SloClass = SloClass,
        Priority = Priority,
        MaxOutputTokens = MaxOutput,
        Start = SimTime.Zero + Start,
        Stop = Stop is { } stop ? SimTime.Zero + stop : SimTime.Never,
        Active = Active,
        Pause = Pause,
    };

    internal void Validate(Problems problems, string path, bool isShared)
    {
        problems.Check($"{path}.input", () => LengthSpec.Parse(Input ?? ""));
        problems.Check($"{path}.output", () => LengthSpec.Parse(Output ?? ""));
        if (Arrivals is { } arrivals) problems.Check($"{path}.arrivals", () => WorkloadConfig.CheckArrivals(arrivals));
        else problems.Require(isShared, $"{path}.arrivals", "nothing", "must be given, because the workload has neither arrivals nor clients");
        problems.Require(Share > 0, $"{path}.share", Share, "must be above 0");
        problems.Require(MaxOutput is null or >= 1, $"{path}.maxOutput", MaxOutput, "must be at least 1");
        problems.Require(Start >= SimDuration.Zero, $"{path}.start", Start, "must not be negative");
        problems.Require(Stop is null || Stop > Start, $"{path}.stop", Stop, "must come after start");
        problems.Require(Active >= SimDuration.Zero, $"{path}.active", Active, "must not be negative");
        problems.Require(Pause >= SimDuration.Zero && (Pause == SimDuration.Zero || Active > SimDuration.Zero), $"{path}.pause", Pause, "must not be negative, and needs active");
        if (Arrivals is null && (Start != SimDuration.Zero || Stop is not null || Active != SimDuration.Zero))
            problems.Require(false, $"{path}.arrivals", "nothing", "must be given for start, stop, active and pause");
    }
}

/// <summary>Synthetic requests instead of a trace.</summary>
public sealed record WorkloadConfig
{
    /// <summary>Arrivals shared by all classes without arrivals of their own, such as poisson:2.</summary>
    public string? Arrivals { get; init; }

    /// <summary>Clients that each keep one request open, instead of arrivals.</summary>
    public int? Clients { get; init; }

    /// <summary>Requests in all.</summary>
    public long? Requests { get; init; }

    /// <summary>No request arrives later.</summary>
    public SimDuration? Duration { get; init; }

    /// <summary>Kinds of requests by name.</summary>
    public required NamedGroups<WorkloadClassConfig> Classes { get; init; }

    /// <summary>The same as the generator takes it.</summary>
    public SyntheticWorkload ToWorkload() => new()
    {
        Classes = [.. Classes.Groups.Select(c => c.Value.ToClass(c.Key))],
        Arrivals = Arrivals is null ? null : ArrivalSpec.Parse(Arrivals),
        Clients = Clients,
        Requests = Requests,
        Duration = Duration,
    };

    /// <summary>The workload in words.</summary>
    public string Describe() => string.Join("; ", [
        Clients is { } clients ? $"{clients} clients in a closed loop" : Arrivals is null ? "synthetic" : $"arrivals {Arrivals}",
        .. Requests is { } requests ? [$"{requests} requests"] : Array.Empty<string>(),
        .. Duration is { } duration ? [$"for {ScalarText.Format(duration)}"] : Array.Empty<string>(),
        .. Classes.Groups.Select(c => $"{c.Key}: {(c.Value.Arrivals is { } own ? $"{own}, " : "")}input {c.Value.Input}, output {c.Value.Output}")]);

    internal static void CheckArrivals(string text)
    {
        if (ArrivalSpec.Parse(text).NeedsRecordedTimes) throw new InputException($"arrivals \"{text}\" need recorded times, which a synthetic workload does not have");
    }

    internal void Validate(Problems problems)
    {
        if (Classes is null) return;    // reported as missing
        problems.Require(Classes.Groups.Count > 0, "workload.classes", "none", "must have at least one class");
        if (Arrivals is { } arrivals) problems.Check("workload.arrivals", () => CheckArrivals(arrivals));
        problems.Require(Clients is null or >= 1, "workload.clients", Clients, "must be at least 1");
        problems.Require(Requests is null or >= 1, "workload.requests", Requests, "must be at least 1");
        problems.Require(Duration is not { Nanoseconds: <= 0 }, "workload.duration", Duration, "must be above 0");
        problems.Require(Requests is not null || Duration is not null, "workload.requests", "nothing", "must be given where workload.duration is not");
        if (Clients is not null)
        {
            problems.Require(Arrivals is null, "workload.arrivals", Arrivals, "must not be given together with workload.clients");
            problems.Require(Requests is not null && Duration is null, "workload.requests", Requests, "must be given for clients, and duration must not");
            problems.Require(Classes.Groups is [var (_, only)] && only is { Arrivals: null, Tenant: null, SloClass: null, Priority: 0, MaxOutput: null },
                "workload.classes", Classes.Groups.Count, "must be one class with lengths only where there are clients");
        }

        foreach (var (name, one) in Classes.Groups) one.Validate(problems, $"workload.classes.{name}", Arrivals is not null || Clients is not null);
    }
}
