using ServeSim.Engine;
using ServeSim.Experiments.Composition;

namespace ServeSim.Experiments.Verification;

/// <summary>What a law said of a class.</summary>
/// <param name="Law">The law.</param>
/// <param name="Cases">Cases in which it was asked.</param>
/// <param name="Excuse">Why it was not asked, or null.</param>
/// <param name="Failure">The smallest case found that breaks it, or null.</param>
public sealed record LawResult(VerificationLaw Law, int Cases, string? Excuse, LawFailure? Failure);

/// <summary>A case that breaks a law.</summary>
/// <param name="Case">The case, made as small as the law's breach allows.</param>
/// <param name="Breach">What breaks the law in it.</param>
public sealed record LawFailure(VerificationCase Case, string Breach);

/// <summary>Asks every law about a registered class in random cases.</summary>
public sealed class PolicyVerifier(PolicyCatalog catalog)
{
    private const int ShrinkAttempts = 300;

    /// <summary>A call into the class that takes longer counts as one that never returns.</summary>
    public TimeSpan HangLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The results in the order of the laws. The cases run on a thread of their own, so that a call which never returns is
    /// reported; its thread is left behind and ends with the process.
    /// </summary>
    public IReadOnlyList<LawResult> Verify(PolicyEntry entry, int cases, CancellationToken cancel = default)
    {
        var results = VerificationLaw.All.Select(law => new LawResult(law, 0, law.Excuse(entry), null)).ToArray();
        for (var number = 0; number < cases; number++)
        {
            cancel.ThrowIfCancellationRequested();
            var world = VerificationCase.Make(number, catalog, entry);
            var asked = Task.Run(() => Ask(world, results), cancel);
            if (!Wait(asked, cancel))
            {
                var hung = Array.FindIndex(results, r => r.Law.Name == "progress");
                results[hung] = results[hung] with { Cases = number + 1, Failure = new(world, $"a call has not returned for {HangLimit.TotalSeconds:F0} s") };
                return results;
            }

            foreach (var (i, breach) in asked.Result) results[i] = results[i] with { Cases = results[i].Cases + 1, Failure = breach is null ? null : new(Shrink(world, results[i].Law), breach) };
        }

        return [.. results.Select(r => r.Failure is { } f ? r with { Failure = f with { Breach = r.Law.Breach(new(catalog, f.Case)) ?? f.Breach } } : r)];
    }

    /// <summary>A law that has been broken is not asked again; one of whole runs is not asked where a fault has stopped the run.</summary>
    private List<(int Law, string? Breach)> Ask(VerificationCase world, LawResult[] results)
    {
        var trial = new VerificationTrial(catalog, world);
        var said = new List<(int, string?)>();
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Excuse is not null || results[i].Failure is not null) continue;
            if (!results[i].Law.IsOfWholeRuns || trial.Stopped is null or InvariantException) said.Add((i, results[i].Law.Breach(trial)));
        }

        return said;
    }

    private bool Wait(Task task, CancellationToken cancel)
    {
        try
        {
            return task.Wait((int)HangLimit.TotalMilliseconds, cancel);
        }
        catch (AggregateException e) when (e.InnerExceptions is [var only])
        {
            throw only;
        }
    }

    /// <summary>Leaves requests out, in halves, quarters and so on, as long as the law stays broken.</summary>
    private VerificationCase Shrink(VerificationCase world, VerificationLaw law)
    {
        var attempts = 0;
        for (var size = world.Records.Count / 2; size >= 1; size /= 2)
        {
            for (var at = 0; at < world.Records.Count && world.Records.Count > 1;)
            {
                if (attempts++ == ShrinkAttempts) return world;
                var smaller = world with { Records = [.. world.Records.Take(at), .. world.Records.Skip(at + size)] };
                if (smaller.Records.Count > 0 && law.Breach(new(catalog, smaller)) is not null) world = smaller;
                else at += size;
            }
        }

        return world;
    }
}
