using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;

namespace ServeSim.Experiments.Verification;

/// <summary>A law that every registered class has to keep in every case.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Sentence">The law.</param>
/// <param name="Breach">What breaks it in a case, or null.</param>
public sealed record VerificationLaw(string Name, string Sentence, Func<VerificationTrial, string?> Breach)
{
    private const string NoProgress = "no progress";

    /// <summary>All laws, those that explain others first.</summary>
    public static IReadOnlyList<VerificationLaw> All { get; } =
    [
        new("rules", "keeps the rules of the plan and throws nothing", t => t.Stopped is { } e && !IsStandstill(e) && e is not InvariantException ? e.Message : null),
        new("progress", "serves or refuses every request in the end", t => t.Stopped is { } e && IsStandstill(e) ? e.Message : null),
        new("requests", "every request ends exactly once", t => t.Read(RunLaws.Requests)) { IsOfWholeRuns = true },
        new("refusals", "nobody is refused without a reason", t => t.Read(RunLaws.Refusals)) { IsOfWholeRuns = true },
        new("tokens", "every token comes out once, recomputation is paid for", t => t.Read(RunLaws.Tokens)) { IsOfWholeRuns = true },
        new("blocks", "no KV block is used twice or leaked", t => t.Stopped is InvariantException e ? e.Message : t.Read(RunLaws.Blocks)) { IsOfWholeRuns = true },
        new("time", "time runs forwards, no iterations overlap, Little's law holds", t => t.Read(RunLaws.Time)) { IsOfWholeRuns = true },
        new("determinism", "the same case gives the same run", t => t.Against(t.Case.Run(t.Catalog))),
        new("foresight", "does not depend on lengths still to come", Foresight) { IsOfWholeRuns = true, Excuse = e => e.UsesOracle ? "marked as oracle" : null },
        new("promises", "keeps its plan for as long as it promised to", t => t.Against(t.Case.Run(t.Catalog, EngineKind.Fast, audit: true))),
        new("executors", "the plain and the fast executor agree", t => t.Against(t.Case.Run(t.Catalog, EngineKind.Fast))),
    ];

    /// <summary>Why the law does not apply to a class; null where it does.</summary>
    public Func<PolicyEntry, string?> Excuse { get; init; } = _ => null;

    /// <summary>True if a run that a fault has stopped says nothing about the law.</summary>
    public bool IsOfWholeRuns { get; init; }

    private static bool IsStandstill(Exception e) => e is PolicyFault fault && fault.Rule.StartsWith(NoProgress, StringComparison.Ordinal);

    private static string? Foresight(VerificationTrial trial)
    {
        var world = trial.Case.ForForesight(trial.Catalog);
        return world.Run(trial.Catalog).Facts is { } one && world.WithOtherLengths().Run(trial.Catalog).Facts is { } other
            ? RunLaws.Foresight(one.Seen, other.Seen)
            : null;
    }
}

/// <summary>One case in which the laws are asked; it is run once for all that look at one run.</summary>
/// <param name="catalog">Where the class is registered.</param>
/// <param name="world">The case.</param>
public sealed class VerificationTrial(PolicyCatalog catalog, VerificationCase world)
{
    private VerificationOutcome? _outcome;

    /// <summary>Where the class is registered.</summary>
    public PolicyCatalog Catalog => catalog;

    /// <summary>The case.</summary>
    public VerificationCase Case => world;

    /// <summary>What stopped the run, or null.</summary>
    public Exception? Stopped => Outcome.Stopped;

    private VerificationOutcome Outcome => _outcome ??= world.Run(catalog);

    /// <summary>What a law says of the run; nothing if it did not come to its end.</summary>
    internal string? Read(Func<RunFacts, string?> law) => Outcome.Facts is { } facts ? law(facts) : null;

    /// <summary>Where another run of the case differs.</summary>
    internal string? Against(VerificationOutcome other) => (Outcome.Facts, other.Facts) switch
    {
        ({ } one, { } two) => RunLaws.FirstDifference(one.Seen, two.Seen) ?? (one.Result == two.Result ? null : $"{one.Result} became {two.Result}"),
        _ => Outcome.Stopped?.Message == other.Stopped?.Message ? null : $"\"{Outcome.Stopped?.Message ?? "it ended"}\" became \"{other.Stopped?.Message ?? "it ended"}\"",
    };
}
