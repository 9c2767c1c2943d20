using System.Globalization;
using System.Text;
using ServeSim.Reporting.Plots;
using ServeSim.Reporting.Writers;

namespace ServeSim.Experiments.Reproductions;

/// <summary>Writes a reproduction as Markdown and its plots as SVG; the same results give the same bytes.</summary>
internal sealed class PageWriter(string name, ReproductionFile file, bool isQuick, IReadOnlyList<(string Name, ExperimentResults Results)> experiments)
{
    private readonly StringBuilder _page = new();
    private readonly List<(string Path, string Text)> _plots = [];
    private readonly List<ClaimVerdict> _verdicts = [];

    public ReproductionPage Write()
    {
        Paragraph($"# {file.Title}");
        Paragraph($"<!-- Made by: servesim reproduce {name}{(isQuick ? " --quick" : "")}. The numbers come from the runs; edit the .yaml file, not this one. -->");
        if (isQuick) Paragraph("**Quick version: fewer runs and requests. It shows that the page can be made; its numbers say nothing.**");
        Paragraph($"Source: {Flat(file.Source)}");
        Headlines();
        Heading("Claims");
        Row("claim", "verdict", "numbers");
        Rule(3);
        foreach (var (_, results) in experiments)
        {
            foreach (var (_, claim) in results.Config.Claims.Groups)
            {
                var verdict = ClaimCheck.Check(results, claim);
                _verdicts.Add(verdict);
                Row(Flat(claim.Says), verdict.Verdict, $"{Flat(results.Name(claim.Metric).Label)}{(claim.Of is { } of ? $", {claim.Variant} over {of}" : $"{Unit(results.Name(claim.Metric).Unit)}, {claim.Variant}")}: {verdict.Evidence}");
            }
        }

        _page.Append('\n');
        Heading("Set-up");
        Paragraph(Flat(file.Setup));
        foreach (var (_, results) in experiments) SetUp(results);
        Heading("Known and assumed");
        Paragraph(Flat(file.Known));
        foreach (var (key, results) in experiments) Experiment(key, results);
        Heading("What differs and why");
        Paragraph(Flat(file.Differs));
        Remarks();
        return new ReproductionPage(name, _page.ToString().TrimEnd('\n') + "\n", _plots, _verdicts);
    }

    private void Headlines()
    {
        if (file.Headlines.Groups.Count == 0) return;
        Heading("What is reported, and what we get");
        Row("", "reported", "here");
        Rule(3);
        foreach (var (what, headline) in file.Headlines.Groups)
        {
            var results = experiments.First(e => e.Name == headline.Experiment).Results;
            Row(what, Flat(headline.Paper), Ours(results, headline));
        }

        Paragraph("\n± is the 95 % confidence interval over the seeds (Student's t); ratios and changes are formed seed by seed.");
    }

    private static string Ours(ExperimentResults results, HeadlineConfig headline)
    {
        var load = headline.At ?? results.Loads[0];
        if (headline.At is not null && !results.Loads.Contains(load)) return "(not run)";
        var (_, unit) = results.Name(headline.Metric);
        if (headline.Versus is not { } versus) return $"{results.Text(headline.Metric, headline.Variant, load)}{(unit.Length > 0 ? $" {unit}" : "")}";
        var (ours, theirs) = (results.Values(headline.Metric, headline.Variant, load), results.Values(headline.Metric, versus, load));
        return headline.As == HeadlineForm.Ratio
            ? $"{Estimate.Of([.. ours.Zip(theirs, (a, b) => a / b)]).Text()} × ({results.Text(headline.Metric, headline.Variant, load)} against {results.Text(headline.Metric, versus, load)}{Unit(unit)})"
            : $"{Estimate.Of([.. ours.Zip(theirs, (a, b) => 100 * (a - b) / b)]).Text()} % ({results.Text(headline.Metric, versus, load)} → {results.Text(headline.Metric, headline.Variant, load)}{Unit(unit)})";
    }

    private void SetUp(ExperimentResults results)
    {
        var (scenario, description) = (results.First(results.Variants[0]).Scenario, results.First(results.Variants[0]).Description);
        Row(Flat(results.Config.Title), "");
        Rule(2);
        Row("model, GPU", string.Create(CultureInfo.InvariantCulture, $"{scenario.Model} ({scenario.Precision}) on {scenario.Gpu}, tp {scenario.Parallel.Tensor}, pp {scenario.Parallel.Pipeline}, {scenario.Instances} instance{(scenario.Instances == 1 ? "" : "s")}"));
        Row("KV memory", string.Create(CultureInfo.InvariantCulture, $"{description.TotalBlocks} blocks of {description.BlockSize} tokens"));
        Row(results.Config.Load is null ? "requests" : "requests (first load)", Requests(description));
        if (results.Config.Load is { } load) Row("load", $"{load.Label}: {string.Join(", ", results.Loads.Select(l => l.ToString(CultureInfo.InvariantCulture)))}");
        Row("limits", Flat(description.Slo));
        Row("cost model", $"{description.CostModel.Name}; {description.CostModel.Source}; error: {description.CostModel.KnownError}");
        Row("seeds", string.Create(CultureInfo.InvariantCulture, $"1 to {results.Seeds}"));
        foreach (var variant in results.Variants)
        {
            var of = results.First(variant);
            var changes = of.Description.PolicyOptions.Count == 0 ? "" : $": {string.Join(", ", of.Description.PolicyOptions.Where(o => o.Value != "null").Select(o => $"{o.Key} {o.Value}"))}";
            Row(variant, $"policy `{of.Description.Policy}`{changes}{(of.Description.Predictor is { } predictor ? $"; predictor `{predictor}`" : "")}{(Requests(of.Description) == Requests(description) ? "" : $"; requests: {Requests(of.Description)}")}");
        }

        _page.Append('\n');
    }

    private static string Requests(RunDescription run) => Flat($"{run.Trace}{(run.Slice is { } slice ? $" ({slice})" : "")}");

    private void Experiment(string key, ExperimentResults results)
    {
        Heading(Flat(results.Config.Title));
        foreach (var (_, table) in results.Config.Tables.Groups) Table(results, table);
        foreach (var (plotName, plot) in results.Config.Plots.Groups)
        {
            var (label, unit) = results.Name(plot.Metric);
            var path = $"{name}/{key}-{plotName}.svg";
            _plots.Add((path, new SvgPlot
            {
                Title = Flat(plot.Title ?? label),
                XLabel = results.Config.Load!.Label,
                YLabel = label + Unit(unit),
                Series = [.. (plot.Variants ?? results.Variants).Select(v => Series(results, plot.Metric, v))],
            }.Render()));
            Paragraph($"![{Flat(plot.Title ?? label)}]({path})");
        }
    }

    private static PlotSeries Series(ExperimentResults results, string metric, string variant)
    {
        var points = results.Loads.Select(load => (Load: load, Value: results.Estimate(metric, variant, load))).Where(p => double.IsFinite(p.Value.Mean)).ToList();
        return new PlotSeries(variant, [.. points.Select(p => (p.Load, p.Value.Mean))]) { Spread = [.. points.Select(p => p.Value.HalfWidth ?? 0)] };
    }

    private void Table(ExperimentResults results, TableConfig table)
    {
        var isOfCapacities = table.Metrics.All(results.IsCapacity);
        var loads = isOfCapacities ? results.Loads.Take(1) : results.Loads.Where(l => table.At?.Contains(l) != false);
        var hasLoad = results.Config.Load is not null && !isOfCapacities;
        Row([.. hasLoad ? [results.Config.Load!.Label] : Array.Empty<string>(), "", .. table.Metrics.Select(m => results.Name(m).Label + Unit(results.Name(m).Unit))]);
        Rule(table.Metrics.Count + (hasLoad ? 2 : 1));
        foreach (var load in loads)
        {
            foreach (var variant in table.Variants ?? results.Variants)
                Row([.. hasLoad ? [load.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(), variant, .. table.Metrics.Select(m => results.Text(m, variant, load))]);
        }

        _page.Append('\n');
    }

    /// <summary>What a reader must know before trusting the numbers, said by the runs themselves.</summary>
    private void Remarks()
    {
        var remarks = new List<string>();
        foreach (var (_, results) in experiments)
        {
            foreach (var variant in results.Variants)
            {
                var cells = results.Cells.Where((_, i) => i / (results.Loads.Count * results.Seeds) == results.Variants.ToList().IndexOf(variant)).ToList();
                var who = $"{Flat(results.Config.Title)}, {variant}";
                Count(cells, "servesim.requests.rejected", $"{who}: {{0}} of {{1}} requests were refused");
                Count(cells, "servesim.requests.unfinished", $"{who}: {{0}} of {{1}} requests were unfinished when the run stopped");
                var overloaded = cells.Count(c => c.Numbers.GetValueOrDefault("servesim.overload.overloaded") == 1);
                if (overloaded > 0) remarks.Add(string.Create(CultureInfo.InvariantCulture, $"{who}: the queue kept growing in {overloaded} of {cells.Count} runs, so latencies depend on the length of the run"));
                if (cells[0].Description.Oracle is { } oracle) remarks.Add($"{who}: true output lengths were used ({oracle})");
                remarks.AddRange(RunNotes.Merge(cells.SelectMany(c => c.Description.Notes.Concat(c.Description.CostModel.Warnings))).Select(n => $"{who}: {n}"));
            }
        }

        var digest = experiments.SelectMany(e => e.Results.Cells).Aggregate(0xCBF29CE484222325UL, (hash, c) => c.Description.Fingerprint.Aggregate(hash, (h, ch) => unchecked((h ^ ch) * 0x100000001B3UL)));
        remarks.Add(string.Create(CultureInfo.InvariantCulture, $"{experiments.Sum(e => e.Results.Cells.Count())} runs, digest of their fingerprints {digest:x16}"));
        Heading("Remarks of the runs");
        foreach (var remark in remarks.Distinct()) _page.Append(CultureInfo.InvariantCulture, $"* {Flat(remark)}\n");

        void Count(List<CellResult> cells, string path, string text)
        {
            var count = cells.Sum(c => c.Numbers.GetValueOrDefault(path));
            if (count > 0) remarks.Add(string.Format(CultureInfo.InvariantCulture, text, count, cells.Sum(c => c.Numbers.GetValueOrDefault("servesim.requests.measured"))));
        }
    }

    private void Heading(string text) => Paragraph($"## {text}");

    private void Paragraph(string text) => _page.Append(text).Append("\n\n");

    private void Row(params IEnumerable<string> cells) => _page.Append("| ").AppendJoin(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");

    private void Rule(int columns) => _page.Append(string.Concat(Enumerable.Repeat("|---", columns))).Append("|\n");

    private static string Unit(string unit) => unit.Length > 0 ? $", {unit}" : "";

    private static string Flat(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>A finished page.</summary>
/// <param name="Name">Name of the reproduction.</param>
/// <param name="Markdown">The page.</param>
/// <param name="Plots">Its plots by path relative to the page.</param>
/// <param name="Verdicts">What became of its claims.</param>
public sealed record ReproductionPage(string Name, string Markdown, IReadOnlyList<(string Path, string Text)> Plots, IReadOnlyList<ClaimVerdict> Verdicts);
