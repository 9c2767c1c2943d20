using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Workloads.Classes;

namespace ServeSim.Experiments.Scenarios;

/// <summary>One service class of a scenario.</summary>
public sealed record SloClassConfig
{
    /// <summary>What counts of its requests; without one it follows from the limits.</summary>
    public SloKind? Kind { get; init; }

    public SimDuration? Ttft { get; init; }
    public SimDuration? Tbt { get; init; }
    public SimDuration? Tpot { get; init; }
    public SimDuration? E2e { get; init; }

    /// <summary>Its part of the requests that have neither class nor limits, relative to the other classes'.</summary>
    public double Share { get; init; }

    internal SloKind KnownKind => Kind ?? Limits.ImpliedKind;
    internal SloLimits Limits => new(Ttft, Tbt, Tpot, E2e);

    internal SloClass ToClass(string name) => new(name, KnownKind, Limits, Share);

    /// <summary>What is wrong with a name, or null: classes are named by traces and stand in keys and columns.</summary>
    internal static string? CheckName(string name) =>
        name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? null : $"a class name has letters, digits, - and _ and starts with a letter, got \"{name}\"";

    internal void Validate(Problems problems, string key)
    {
        SimDuration?[] limits = [Ttft, Tbt, Tpot, E2e];
        foreach (var limit in limits) problems.Require(limit is not { Nanoseconds: <= 0 }, key, limit, "must have limits above 0");
        problems.Require(Share >= 0, $"{key}.share", Share, "must not be negative");
        problems.Require(Kind != SloKind.Latency || Limits.ImpliedKind == SloKind.Latency, key, Kind, "must limit ttft, tbt or tpot");
        problems.Require(Kind != SloKind.Deadline || E2e is not null, key, Kind, "must limit e2e");
        problems.Require(Kind != SloKind.BestEffort || Limits.IsEmpty, key, Kind, "must have no limits");
    }
}
