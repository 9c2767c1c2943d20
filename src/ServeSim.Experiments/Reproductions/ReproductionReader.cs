using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Reproductions;

/// <summary>Reads the file of a reproduction; all problems of its own keys are reported at once.</summary>
public static class ReproductionReader
{
    /// <summary>Reads a text.</summary>
    /// <exception cref="InputException">Lists every problem found.</exception>
    public static ReproductionFile Read(string text, string origin)
    {
        var root = YamlText.Read(text, origin);
        var problems = new Problems();
        var binder = new OptionsBinder(problems);
        binder.Use<ConfigMapping>((node, path) => AsMapping(problems, node, path));
        binder.Use<IReadOnlyList<string>>((node, path) => AsTexts(problems, node, path));
        binder.Use<IReadOnlyList<double>>((node, path) => AsNumbers(problems, node, path));
        NamedGroups<ExperimentConfig>.AddTo(binder, problems, "load: { title: …, variants: … }");
        NamedGroups<MetricConfig>.AddTo(binder, problems, "ttft: { label: mean TTFT, value: mean_ttft_ms, unit: ms }");
        NamedGroups<CapacityConfig>.AddTo(binder, problems, "capacity: { label: …, metric: attainment, atLeast: 0.9 }");
        NamedGroups<TableConfig>.AddTo(binder, problems, "latencies: { metrics: [ttft, tbt] }");
        NamedGroups<PlotConfig>.AddTo(binder, problems, "ttft: { metric: ttft }");
        NamedGroups<ClaimConfig>.AddTo(binder, problems, "order: { says: …, metric: tbt, variant: a, below: b }");
        NamedGroups<HeadlineConfig>.AddTo(binder, problems, "mean TTFT: { paper: 1.2 s, experiment: load, metric: ttft, variant: a }");
        var file = binder.Bind<ReproductionFile>(root);
        problems.ThrowIfAny();
        Check(file, problems);
        problems.ThrowIfAny();
        return file;
    }

    private static ConfigMapping? AsMapping(Problems problems, ConfigNode node, string path)
    {
        if (node is not ConfigMapping) problems.Add(node.Place, $"{path} must be a group of keys, got {node.Shown}");
        return node as ConfigMapping;
    }

    private static IReadOnlyList<string>? AsTexts(Problems problems, ConfigNode node, string path)
    {
        if (node is ConfigSequence list && list.Items.All(i => i is ConfigScalar { IsNull: false })) return [.. list.Items.Select(i => ((ConfigScalar)i).Text)];
        problems.Add(node.Place, $"{path} must be a list of names, such as [a, b], got {node.Shown}");
        return null;
    }

    private static IReadOnlyList<double>? AsNumbers(Problems problems, ConfigNode node, string path)
    {
        var numbers = new List<double>();
        foreach (var item in (node as ConfigSequence)?.Items ?? [])
        {
            if (item is ConfigScalar s && double.TryParse(s.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)) numbers.Add(number);
            else problems.Add(item.Place, $"{path} must be a list of numbers, got {item.Shown} in it");
        }

        if (node is not ConfigSequence) problems.Add(node.Place, $"{path} must be a list of numbers, such as [0.5, 1], got {node.Shown}");
        return numbers;
    }

    private static void Check(ReproductionFile file, Problems problems)
    {
        problems.Require(file.Quick.Seeds >= 1, "quick.seeds", file.Quick.Seeds, "must be at least 1");
        foreach (var (name, experiment) in file.Experiments.Groups) Check(experiment, $"experiments.{name}", problems);
        foreach (var (name, headline) in file.Headlines.Groups)
        {
            var path = $"headlines.{name}";
            Known(problems, $"{path}.experiment", headline.Experiment, file.Experiments.Names);
            if (file.Experiments.Find(headline.Experiment) is not { } experiment) continue;
            Known(problems, $"{path}.metric", headline.Metric, Numbers(experiment));
            Known(problems, $"{path}.variant", headline.Variant, Variants(experiment));
            if (headline.Versus is { } versus) Known(problems, $"{path}.versus", versus, Variants(experiment));
            problems.Require((headline.Versus is null) == (headline.As == HeadlineForm.Value), $"{path}.versus", headline.Versus, "must be given for a ratio or a change, and for nothing else");
            var needsLoad = experiment.Load is not null && experiment.Capacities.Find(headline.Metric) is null;
            problems.Require(needsLoad == headline.At is not null, $"{path}.at", headline.At, needsLoad ? "must name a load" : "must not be given, there is no load to choose");
            if (headline.At is { } at && needsLoad) At(problems, $"{path}.at", [at], experiment);
        }
    }

    private static void Check(ExperimentConfig experiment, string path, Problems problems)
    {
        problems.Require(experiment.Seeds is >= 1 and <= 1000, $"{path}.seeds", experiment.Seeds, "must be from 1 to 1000");
        problems.Require(experiment.Variants.Entries.Count > 0, $"{path}.variants", "none", "must have at least one variant");
        foreach (var entry in experiment.Variants.Entries.Where(e => e.Value is not (ConfigMapping or ConfigScalar { IsNull: true })))
            problems.Add(entry.Value.Place, $"{path}.variants.{entry.Key} must be a group of keys of a scenario, got {entry.Value.Shown}");
        if (experiment.Load is { } load)
        {
            problems.Require(load.Values.Count > 0 && load.Values.Zip(load.Values.Skip(1)).All(p => p.First < p.Second), $"{path}.load.values", string.Join(", ", load.Values), "must be rising numbers");
            problems.Require(load.Set.Entries.Count > 0, $"{path}.load.set", "nothing", "must say which keys follow the load");
        }

        foreach (var (name, capacity) in experiment.Capacities.Groups)
        {
            Known(problems, $"{path}.capacities.{name}.metric", capacity.Metric, experiment.Metrics.Names);
            problems.Require(capacity.AtLeast is null != (capacity.AtMost is null), $"{path}.capacities.{name}.atLeast", capacity.AtLeast, "or atMost must be given, and not both");
            if (capacity.Also is { } also) Known(problems, $"{path}.capacities.{name}.also", also, experiment.Capacities.Names.TakeWhile(n => n != name));    // of earlier ones, so that there is no circle
            problems.Require(experiment.Load is not null, $"{path}.capacities.{name}", capacity.Label, "needs a load");
            problems.Require(experiment.Metrics.Find(name) is null, $"{path}.capacities.{name}", capacity.Label, "must not have the name of a metric");
        }

        foreach (var (name, table) in experiment.Tables.Groups)
        {
            foreach (var metric in table.Metrics) Known(problems, $"{path}.tables.{name}.metrics", metric, Numbers(experiment));
            foreach (var variant in table.Variants ?? []) Known(problems, $"{path}.tables.{name}.variants", variant, Variants(experiment));
            At(problems, $"{path}.tables.{name}.at", table.At, experiment);
        }

        foreach (var (name, plot) in experiment.Plots.Groups)
        {
            Known(problems, $"{path}.plots.{name}.metric", plot.Metric, experiment.Metrics.Names);
            foreach (var variant in plot.Variants ?? []) Known(problems, $"{path}.plots.{name}.variants", variant, Variants(experiment));
            problems.Require(experiment.Load is not null, $"{path}.plots.{name}", plot.Metric, "needs a load");
        }

        foreach (var (name, claim) in experiment.Claims.Groups) Check(claim, experiment, $"{path}.claims.{name}", problems);
    }

    private static void Check(ClaimConfig claim, ExperimentConfig experiment, string path, Problems problems)
    {
        Known(problems, $"{path}.metric", claim.Metric, Numbers(experiment));
        foreach (var (key, variant) in ((string, string?)[])[("variant", claim.Variant), ("above", claim.Above), ("below", claim.Below), ("of", claim.Of), ("rivalOf", claim.RivalOf)])
        {
            if (variant is not null) Known(problems, $"{path}.{key}", variant, Variants(experiment));
        }

        var forms = new[] { claim.Above, claim.Below, claim.Within }.Count(f => f is not null);
        problems.Require(forms == 1, path, $"{forms} of them", "must have one of above, below and within");
        problems.Require(claim.Within is not null ? claim.RivalOf is null : claim.Of is null == claim.RivalOf is null, $"{path}.rivalOf", claim.RivalOf,
            "must be given where of is given with above or below, and nowhere else");
        problems.Require(claim.By > 0, $"{path}.by", claim.By, "must be above 0");
        if (claim.Within is { } within) problems.Check($"{path}.within", () => ClaimCheck.ParseRange(within));
        At(problems, $"{path}.at", claim.At, experiment);
    }

    private static void Known(Problems problems, string path, string name, IEnumerable<string> names)
    {
        if (!names.Contains(name)) problems.Add(problems.PlaceOf(path), $"{path}: there is no \"{name}\" here; {Suggestion.For(name, names)}");
    }

    private static void At(Problems problems, string path, IReadOnlyList<double>? at, ExperimentConfig experiment)
    {
        foreach (var value in at ?? [])
        {
            if (experiment.Load?.Values.Contains(value) != true)
                problems.Add(problems.PlaceOf(path), string.Create(CultureInfo.InvariantCulture, $"{path}: {value} is not among the loads that are run"));
        }
    }

    private static IEnumerable<string> Numbers(ExperimentConfig experiment) => experiment.Metrics.Names.Concat(experiment.Capacities.Names);

    private static IEnumerable<string> Variants(ExperimentConfig experiment) => experiment.Variants.Entries.Select(e => e.Key);
}
