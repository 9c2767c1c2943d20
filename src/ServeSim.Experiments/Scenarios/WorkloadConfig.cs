using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Synthetic requests of one kind.</summary>
public sealed record WorkloadClassConfig
{
    /// <summary>Prompt tokens: constant:N, uniform:A..B, exponential:MEAN, lognormal:MEDIAN,MEAN or lognormal:MEDIAN,sigma=S, each with @A..B if need be.</summary>
    public required string Input { get; init; }

    /// <summary>Output tokens, in the same way.</summary>
    public required string Output { get; init; }

    /// <summary>Arrivals of its own, such as poisson:2; null takes its share of workload.arrivals.</summary>
    public string? Arrivals { get; init; }

    /// <summary>Its part of workload.arrivals, or of what clients send, relative to the other classes'.</summary>
    public double Share { get; init; } = 1;

    public string? Tenant { get; init; }
    public string? SloClass { get; init; }
    public int Priority { get; init; }

    /// <summary>The cap that its clients send.</summary>
    public int? MaxOutput { get; init; }

    /// <summary>Its own arrivals begin then.</summary>
    public SimDuration Start { get; init; }

    /// <summary>They begin up to so much later, at a moment drawn by the seed.</summary>
    public SimDuration StartWithin { get; init; }

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
        StartWithin = StartWithin,
        Stop = Stop is { } stop ? SimTime.Zero + stop : SimTime.Never,
        Active = Active,
        Pause = Pause,
    };

    internal void Validate(Problems problems, string path, bool isShared, bool hasClients)
    {
        problems.Check($"{path}.input", () => LengthSpec.Parse(Input ?? ""));
        problems.Check($"{path}.output", () => LengthSpec.Parse(Output ?? ""));
        if (Arrivals is { } arrivals) problems.Check($"{path}.arrivals", () => WorkloadConfig.CheckArrivals(arrivals));
        else problems.Require(isShared, $"{path}.arrivals", "nothing", "must be given, because neither workload.arrivals nor clients.count is");
        problems.Require(!hasClients || Arrivals is null, $"{path}.arrivals", Arrivals, WorkloadConfig.ClientsSetTimes);
        problems.Require(Share > 0, $"{path}.share", Share, "must be above 0");
        problems.Require(Share == 1 || Arrivals is null, $"{path}.share", Share, "must not be given for a class with arrivals of its own");
        problems.Require(MaxOutput is null or >= 1, $"{path}.maxOutput", MaxOutput, "must be at least 1");
        problems.Require(Start >= SimDuration.Zero, $"{path}.start", Start, "must not be negative");
        problems.Require(StartWithin >= SimDuration.Zero, $"{path}.startWithin", StartWithin, "must not be negative");
        problems.Require(Stop is null || Stop > Start, $"{path}.stop", Stop, "must come after start");
        problems.Require(Active >= SimDuration.Zero, $"{path}.active", Active, "must not be negative");
        problems.Require(Pause >= SimDuration.Zero && (Pause > SimDuration.Zero == Active > SimDuration.Zero), $"{path}.pause", Pause, "must not be negative, and goes together with active");
        if (Arrivals is null && (Start != SimDuration.Zero || StartWithin != SimDuration.Zero || Stop is not null || Active != SimDuration.Zero))
            problems.Require(false, $"{path}.arrivals", "nothing", "must be given for start, startWithin, stop, active and pause");
    }
}

/// <summary>Synthetic requests instead of a trace.</summary>
public sealed record WorkloadConfig
{
    internal const string ClientsSetTimes = "must not be given where clients.count is: clients set the times";

    /// <summary>Arrivals shared by all classes without arrivals of their own, such as poisson:2; null where clients set the times.</summary>
    public string? Arrivals { get; init; }

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
        Requests = Requests,
        Duration = Duration,
    };

    /// <summary>The workload in words.</summary>
    public string Describe() => string.Join("; ", [
        .. Arrivals is { } arrivals ? [$"arrivals {arrivals}"] : Array.Empty<string>(),
        .. Requests is { } requests ? [$"{requests} requests"] : Array.Empty<string>(),
        .. Duration is { } duration ? [$"for {ScalarText.Format(duration)}"] : Array.Empty<string>(),
        .. Classes.Groups.Select(c => $"{c.Key}: {(c.Value.Arrivals is { } own ? $"{own}, " : "")}input {c.Value.Input}, output {c.Value.Output}")]);

    internal static void CheckArrivals(string text)
    {
        if (ArrivalSpec.Parse(text).NeedsRecordedTimes) throw new InputException($"arrivals \"{text}\" need recorded times, which a synthetic workload does not have");
    }

    internal void Validate(Problems problems, ClientsConfig clients)
    {
        if (Classes is null) return;    // reported as missing
        problems.Require(Classes.Groups.Count > 0, "workload.classes", "none", "must have at least one class");
        if (Arrivals is { } arrivals) problems.Check("workload.arrivals", () => CheckArrivals(arrivals));
        problems.Require(Requests is null or >= 1, "workload.requests", Requests, "must be at least 1");
        problems.Require(Duration is not { Nanoseconds: <= 0 }, "workload.duration", Duration, "must be above 0");
        var hasClients = clients.Count > 0;
        if (hasClients)
        {
            problems.Require(Arrivals is null, "workload.arrivals", Arrivals, ClientsSetTimes);
            problems.Require(Duration is null, "workload.duration", Duration, "must be given as clients.duration where clients.count is set");
            problems.Require((Requests ?? clients.Requests) is not null || clients.Duration is not null, "workload.requests", Requests, "must be given, or clients.requests or clients.duration: drawn requests have no end");
        }
        else
        {
            problems.Require(Requests is not null || Duration is not null, "workload.requests", "nothing", "must be given where workload.duration is not");
            problems.Require(Arrivals is null || Classes.Groups.Any(c => c.Value.Arrivals is null), "workload.arrivals", Arrivals, "must not be given where every class has arrivals of its own");
        }

        foreach (var (name, one) in Classes.Groups) one.Validate(problems, $"workload.classes.{name}", Arrivals is not null || hasClients, hasClients);
    }
}
