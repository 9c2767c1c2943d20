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
}

/// <summary>The service classes of a scenario by name, in the order of the file.</summary>
public sealed class SloClassTable(IReadOnlyList<KeyValuePair<string, SloClassConfig>> classes) : IEquatable<SloClassTable>
{
    /// <summary>Names and classes.</summary>
    public IReadOnlyList<KeyValuePair<string, SloClassConfig>> Classes { get; } = classes;

    /// <summary>The same as the traffic source takes it.</summary>
    public IReadOnlyList<SloClass> ToClasses() => [.. Classes.Select(c => new SloClass(c.Key, c.Value.KnownKind, c.Value.Limits, c.Value.Share))];

    /// <inheritdoc/>
    public bool Equals(SloClassTable? other) => other is not null && Classes.SequenceEqual(other.Classes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SloClassTable);

    /// <inheritdoc/>
    public override int GetHashCode() => Classes.Count;

    internal static SloClassTable? Bind(OptionsBinder binder, Problems problems, ConfigNode node, string path)
    {
        if (node is not ConfigMapping mapping)
        {
            problems.Add(node.Place, $"{path} must be a group of classes, such as chat: {{ kind: latency, ttft: 2s, tbt: 100ms }}, got {node.Shown}");
            return null;
        }

        var classes = new List<KeyValuePair<string, SloClassConfig>>();
        foreach (var entry in mapping.Entries)
        {
            var key = $"{path}.{entry.Key}";
            problems.Note(key, entry.Place);
            if (entry.Key.Length == 0 || !entry.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || !char.IsAsciiLetter(entry.Key[0]))
                problems.Add(entry.Place, $"{path}: a class name has letters, digits, - and _ and starts with a letter, got \"{entry.Key}\"");
            else if (classes.Exists(c => c.Key == entry.Key)) problems.Add(entry.Place, $"{key} is given twice");
            else if (entry.Value is ConfigMapping keys) classes.Add(new(entry.Key, binder.Bind<SloClassConfig>(keys, key)));
            else problems.Add(entry.Value.Place, $"{key} must be a group of keys (kind, ttft, tbt, tpot, e2e, share), got {entry.Value.Shown}");
        }

        return new(classes);
    }

    internal void Validate(Problems problems, string path)
    {
        foreach (var (name, one) in Classes)
        {
            var key = $"{path}.{name}";
            SimDuration?[] limits = [one.Ttft, one.Tbt, one.Tpot, one.E2e];
            foreach (var limit in limits) problems.Require(limit is not { Nanoseconds: <= 0 }, key, limit, "must have limits above 0");
            problems.Require(one.Share >= 0, $"{key}.share", one.Share, "must not be negative");
            problems.Require(one.Kind != SloKind.Latency || one.Limits.ImpliedKind == SloKind.Latency, key, one.Kind, "must limit ttft, tbt or tpot");
            problems.Require(one.Kind != SloKind.Deadline || one.E2e is not null, key, one.Kind, "must limit e2e");
            problems.Require(one.Kind != SloKind.BestEffort || one.Limits.IsEmpty, key, one.Kind, "must have no limits");
        }
    }
}
