using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Experiments.Validation;

/// <summary>All points of a table that can be simulated, and why the others cannot.</summary>
/// <param name="Name">The table.</param>
/// <param name="Start">How the clients began.</param>
/// <param name="Points">Rows of the table.</param>
/// <param name="NotSampled">Rows that could be simulated but were not asked for.</param>
/// <param name="Runs">Simulated points in the order of the table.</param>
/// <param name="LeftOut">Rows that cannot be simulated, by reason, most frequent first.</param>
public sealed record LoadPointTable(
    string Name, ClientStart Start, int Points, int NotSampled, IReadOnlyList<LoadPointRun> Runs, IReadOnlyList<KeyValuePair<string, int>> LeftOut)
{
    /// <summary>Runs every point, or so many of them, evenly spread.</summary>
    public static LoadPointTable Run(string path, PolicyCatalog catalog, ClientStart start, IReadOnlyList<ScenarioOverride> changes, int? sample, CancellationToken cancel = default)
    {
        var points = LoadPoint.ReadAll(path);
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var possible = new List<LoadPoint>();
        foreach (var point in points)
        {
            if (LoadPointRun.WhyNot(point) is { } reason) Count(reason);
            else possible.Add(point);
        }

        var chosen = sample is { } most && most < possible.Count
            ? Enumerable.Range(0, most).Select(i => possible[(int)((long)i * possible.Count / most)]).ToList()
            : possible;
        var runs = new List<LoadPointRun>();
        foreach (var point in chosen)
        {
            var (run, reason) = LoadPointRun.TryRun(point, catalog, start, changes, cancel);
            if (run is not null) runs.Add(run);
            else Count(reason!);
        }

        return new(Path.GetFileName(path).Split('.')[0], start, points.Count, possible.Count - chosen.Count, runs, [.. reasons.OrderByDescending(r => r.Value)]);

        void Count(string reason) => reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
    }

    /// <summary>Runs that share engine, model, GPU and number format.</summary>
    public IEnumerable<(string Engine, string Model, string Gpu, string Precision, LoadPointRun[] Runs)> Groups() => Runs
        .GroupBy(r => (r.Point.Engine, r.ModelName, r.Point.Gpu, r.Precision))
        .OrderBy(g => g.Key.Engine, StringComparer.Ordinal).ThenBy(g => g.Key.ModelName, StringComparer.Ordinal)
        .ThenBy(g => g.Key.Gpu, StringComparer.Ordinal).ThenBy(g => g.Key.Precision, StringComparer.Ordinal)
        .Select(g => (g.Key.Engine, g.Key.ModelName, g.Key.Gpu, g.Key.Precision, g.ToArray()));
}
