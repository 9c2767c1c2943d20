using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Experiments.Reproductions;

/// <summary>Runs all variants, loads and seeds of an experiment, as many at a time as there are processors.</summary>
internal sealed class ExperimentRunner(PolicyCatalog catalog, string? folder)
{
    /// <summary>The results; they do not depend on the order in which the runs end.</summary>
    /// <exception cref="InputException">A scenario cannot be used.</exception>
    /// <exception cref="PolicyFault">A policy broke a rule.</exception>
    public ExperimentResults Run(ExperimentConfig config, QuickConfig? quick, Action finished, CancellationToken cancel)
    {
        var loads = config.Load?.Values ?? [double.NaN];
        if (quick is not null && loads.Count > 2) loads = [loads[0], loads[^1]];
        var seeds = quick is null ? config.Seeds : Math.Min(quick.Seeds, config.Seeds);
        var reader = new ScenarioReader(catalog);
        var scenarios = new List<Scenario>();
        foreach (var variant in config.Variants.Entries)
        {
            foreach (var load in loads)
            {
                for (var seed = 1; seed <= seeds; seed++) scenarios.Add(reader.ReadNode(Merge(config, quick, variant, load), folder).Scenario with { Seed = (ulong)seed });
            }
        }

        var cells = new CellResult[scenarios.Count];
        var errors = new Exception?[scenarios.Count];
        Parallel.For(0, cells.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancel }, i =>
        {
            try
            {
                cells[i] = Run(scenarios[i], cancel);
                finished();
            }
            catch (Exception e) when (e is InputException or PolicyFault)
            {
                errors[i] = e;
            }
        });
        return Array.Find(errors, e => e is not null) is { } first ? throw first : new ExperimentResults(config, loads, seeds, cells);
    }

    private static ConfigMapping Merge(ExperimentConfig config, QuickConfig? quick, ConfigEntry variant, double load)
    {
        var merged = ScenarioMerge.Over(config.Base ?? new ConfigMapping(variant.Place), variant.Value as ConfigMapping ?? new ConfigMapping(variant.Place));
        if (quick?.Set is { } small) ScenarioMerge.Set(merged, small, null);
        if (config.Load is { } changed) ScenarioMerge.Set(merged, changed.Set, load);
        return merged;
    }

    private CellResult Run(Scenario scenario, CancellationToken cancel)
    {
        var setup = new RunSetup(scenario, catalog);
        var metrics = new RunMetrics(setup.Metrics);
        using var traffic = setup.OpenTraffic();
        var result = setup.CreateRun(traffic.Source, metrics).Execute(cancel);
        cancel.ThrowIfCancellationRequested();
        var description = setup.Describe(result, traffic.Notes(result));
        return new CellResult(scenario, SummaryNumbers.Of(metrics.Summarize(), description), description);
    }
}
