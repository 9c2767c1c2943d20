using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;
using ServeSim.Reporting.Slo;
using ServeSim.Workloads.Classes;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Latency limits of requests that bring none of their own.</summary>
public sealed record SloConfig
{
    public SimDuration? Ttft { get; init; }
    public SimDuration? Tbt { get; init; }
    public SimDuration? Tpot { get; init; }
    public SimDuration? E2e { get; init; }

    /// <summary>Service classes by name, for requests that name one and, by their shares, for those that have neither class nor limits.</summary>
    public NamedGroups<SloClassConfig>? Classes { get; init; }

    /// <summary>The same as the engine takes them.</summary>
    public SloLimits ToLimits() => new(Ttft, Tbt, Tpot, E2e);

    /// <summary>The classes as the traffic source takes them, in the order of the file.</summary>
    public IReadOnlyList<SloClass> ToClasses() => [.. (Classes?.Groups ?? []).Select(c => c.Value.ToClass(c.Key))];

    /// <summary>Limits and classes in words.</summary>
    public string Describe() => string.Join("; ", [SloText.Format(ToLimits()), .. (Classes?.Groups ?? []).Select(c =>
        $"{c.Key} ({ScalarText.Format(c.Value.KnownKind)}, share {ScalarText.Format(c.Value.Share)}): {SloText.Format(c.Value.Limits)}")]);

    internal void Validate(Problems problems)
    {
        Check(problems, "slo.ttft", Ttft);
        Check(problems, "slo.tbt", Tbt);
        Check(problems, "slo.tpot", Tpot);
        Check(problems, "slo.e2e", E2e);
        foreach (var (name, one) in Classes?.Groups ?? []) one.Validate(problems, $"slo.classes.{name}");
    }

    private static void Check(Problems problems, string path, SimDuration? limit) =>
        problems.Require(limit is not { Nanoseconds: <= 0 }, path, limit, "must be above 0");
}
