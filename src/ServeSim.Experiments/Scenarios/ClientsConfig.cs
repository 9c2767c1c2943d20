using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Who sends the requests: clients that wait for their answers, and how long they do so.</summary>
public sealed record ClientsConfig
{
    /// <summary>Clients that each keep one request open; 0 sends requests at the times of the trace or the workload, whatever becomes of them.</summary>
    public int Count { get; init; }

    /// <summary>Prompt and output lengths: null takes those of the trace or the workload; INPUT/OUTPUT, each as in workload.classes.NAME.input; or a preset.</summary>
    public string? Lengths { get; init; }

    /// <summary>Cap on the output that drawn requests carry; null for none.</summary>
    public int? MaxOutput { get; init; }

    /// <summary>Different requests in all; null is all of the trace or the workload.</summary>
    public long? Requests { get; init; }

    /// <summary>Nothing is sent from this time on.</summary>
    public SimDuration? Duration { get; init; }

    /// <summary>Pause of a client between two requests.</summary>
    public SimDuration ThinkTime { get; init; }

    /// <summary>Times that a request is sent until it finishes within the limits.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>When a failed request is sent again.</summary>
    public ClientRetry Retry { get; init; }

    /// <summary>A client cancels its request if the first token takes longer; also where the trace sets the times.</summary>
    public SimDuration? GiveUpTtft { get; init; }

    /// <summary>A client cancels its request if the next token takes longer; also where the trace sets the times.</summary>
    public SimDuration? GiveUpTbt { get; init; }

    /// <summary>The same as the engine takes it; null if clients wait for ever.</summary>
    public ClientPatience? ToPatience() => GiveUpTtft is null && GiveUpTbt is null ? null : new(GiveUpTtft, GiveUpTbt);

    /// <summary>The same as the traffic source takes it.</summary>
    public ClientLoad ToLoad() => new(Count, Requests, Duration, ThinkTime, Attempts, Retry);

    internal void Validate(Problems problems)
    {
        problems.Require(Count is >= 0 and <= 1_000_000, "clients.count", Count, "must be from 0 to 1000000");
        problems.Require(MaxOutput is null or >= 1, "clients.maxOutput", MaxOutput, "must be at least 1");
        problems.Require(Requests is null or >= 1, "clients.requests", Requests, "must be at least 1");
        problems.Require(Duration is not { Nanoseconds: <= 0 }, "clients.duration", Duration, "must be above 0");
        problems.Require(ThinkTime >= SimDuration.Zero, "clients.thinkTime", ThinkTime, "must not be negative");
        problems.Require(Attempts is >= 1 and <= 1000, "clients.attempts", Attempts, "must be from 1 to 1000");
        problems.Require(GiveUpTtft is not { Nanoseconds: <= 0 }, "clients.giveUpTtft", GiveUpTtft, "must be above 0");
        problems.Require(GiveUpTbt is not { Nanoseconds: <= 0 }, "clients.giveUpTbt", GiveUpTbt, "must be above 0");
        if (Lengths is { } lengths) problems.Check("clients.lengths", () => LengthPair.Parse(lengths));
        if (Count == 0)
        {
            var unused = new ClientsConfig { GiveUpTtft = GiveUpTtft, GiveUpTbt = GiveUpTbt };
            problems.Require(this == unused, "clients.count", Count, "must be at least 1 where the other keys of clients (but giveUpTtft and giveUpTbt) are set");
        }
        else
        {
            problems.Require(Lengths is null || Requests is not null || Duration is not null, "clients.requests", Requests,
                "must be given, or clients.duration: drawn lengths have no end");
            problems.Require(Lengths is not null || MaxOutput is null, "clients.maxOutput", MaxOutput, "belongs to drawn lengths (clients.lengths)");
        }
    }
}
