using ServeSim.Abstractions;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Writers;

namespace ServeSim.Experiments.Reproductions;

/// <summary>One run of an experiment.</summary>
/// <param name="Scenario">What was run.</param>
/// <param name="Numbers">The numbers of its summary.</param>
/// <param name="Description">What its report says about it.</param>
internal sealed record CellResult(Scenario Scenario, IReadOnlyDictionary<string, double> Numbers, RunDescription Description);

/// <summary>All runs of an experiment, by variant, load and seed.</summary>
internal sealed class ExperimentResults(ExperimentConfig config, IReadOnlyList<double> loads, int seeds, CellResult[] cells)
{
    public ExperimentConfig Config => config;

    /// <summary>The loads that were run; one without a value where there is no load.</summary>
    public IReadOnlyList<double> Loads => loads;

    public int Seeds => seeds;

    public IReadOnlyList<string> Variants { get; } = [.. config.Variants.Entries.Select(e => e.Key)];

    public IEnumerable<CellResult> Cells => cells;

    public CellResult First(string variant) => cells[Index(variant, 0, 0)];

    /// <summary>Label and unit of a metric or capacity.</summary>
    public (string Label, string Unit) Name(string metric) => config.Metrics.Find(metric) is { } m ? (m.Label, m.Unit) : (config.Capacities.Find(metric)!.Label, config.Capacities.Find(metric)!.Unit);

    public bool IsCapacity(string metric) => config.Capacities.Find(metric) is not null;

    /// <summary>One value a seed.</summary>
    /// <exception cref="InputException">No run has such a number.</exception>
    public double[] Values(string metric, string variant, double load) => IsCapacity(metric)
        ? [.. Capacities(metric, variant).Select(c => c.Load)]
        : [.. Enumerable.Range(0, seeds).Select(seed => Read(config.Metrics.Find(metric)!, cells[Index(variant, LoadIndex(load), seed)]))];

    public Estimate Estimate(string metric, string variant, double load) => Reproductions.Estimate.Of(Values(metric, variant, load));

    /// <summary>The estimate as a table shows it; a capacity beyond the loads that were run is a bound.</summary>
    public string Text(string metric, string variant, double load)
    {
        var text = Estimate(metric, variant, load).Text();
        if (!IsCapacity(metric)) return text;
        var ends = Capacities(metric, variant);
        return ends.All(c => c.Side > 0) ? $"≥ {text}" : ends.All(c => c.Side < 0) ? $"< {text}" : ends.Any(c => c.Side != 0) ? $"{text} (some runs beyond the loads)" : text;
    }

    /// <summary>Of each seed the load at which the bound is passed: between loads by a straight line; side -1 and 1 are beyond the first and the last.</summary>
    private IReadOnlyList<(double Load, int Side)> Capacities(string name, string variant)
    {
        var capacity = config.Capacities.Find(name)!;
        var bound = capacity.AtLeast ?? capacity.AtMost!.Value;
        var sign = capacity.AtLeast is null ? -1 : 1;
        var found = new List<(double, int)>();
        for (var seed = 0; seed < seeds; seed++)
        {
            var slack = loads.Select(load => sign * (Values(capacity.Metric, variant, load)[seed] - bound)).ToList();
            var fails = slack.FindIndex(s => !(s >= 0));
            found.Add(fails switch
            {
                < 0 => (loads[^1], 1),
                0 => (loads[0], -1),
                _ when double.IsNaN(slack[fails]) => (loads[fails - 1], 0),
                _ => (loads[fails - 1] + ((loads[fails] - loads[fails - 1]) * slack[fails - 1] / (slack[fails - 1] - slack[fails])), 0),
            });
        }

        return capacity.Also is { } also ? [.. found.Zip(Capacities(also, variant), (a, b) => (b.Load, b.Side).CompareTo(a) < 0 ? b : a)] : found;
    }

    private static double Read(MetricConfig metric, CellResult cell)
    {
        var value = Find(metric.Value, cell) * metric.Scale;
        return metric.Per is { } per ? value / Find(per, cell) : value;
    }

    private static double Find(string path, CellResult cell) => cell.Numbers.TryGetValue(path, out var value) ? value
        : throw new InputException($"no result has the number \"{path}\"; {Suggestion.For(path, cell.Numbers.Keys.Where(k => k.Split('.').Intersect(path.Split('.')).Any()).DefaultIfEmpty("mean_ttft_ms"))}");

    private int LoadIndex(double load) => Math.Max(0, loads.ToList().FindIndex(l => l.Equals(load)));

    private int Index(string variant, int load, int seed) => (((Variants.ToList().IndexOf(variant) * loads.Count) + load) * seeds) + seed;
}
