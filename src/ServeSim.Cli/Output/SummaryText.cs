using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;

namespace ServeSim.Cli.Output;

/// <summary>The summary of a run for a person: latencies side by side, then counts and rates, then what ran.</summary>
internal static class SummaryText
{
    private const string Facts = "Run";

    public static void Write(AppContext app, RunSummary summary, RunDescription run)
    {
        var sections = SummaryTable.Rows(summary, run).GroupBy(row => row.Section).ToList();
        var latencies = sections.Where(s => s.First().Label == "mean").ToList();
        WriteLatencies(app, latencies);
        var numbers = new TextTable("", "", "value", "unit").AlignRight(2);
        foreach (var section in sections.Where(s => s.Key != Facts && !latencies.Contains(s)))
        {
            var heading = section.Key;
            foreach (var row in section)
            {
                numbers.Add(heading, row.Label, row.Value, row.Unit);
                heading = "";
            }
        }

        numbers.Write(app);
        foreach (var row in sections.Where(s => s.Key == Facts).SelectMany(s => s)) app.Output.Write($"{row.Label}: {row.Value}\n");
    }

    private static void WriteLatencies(AppContext app, List<IGrouping<string, SummaryRow>> latencies)
    {
        if (latencies.Count == 0) return;
        var columns = latencies.MaxBy(s => s.Count())!.Select(row => row.Label).ToArray();
        var table = new TextTable(["ms", .. columns]).AlignRight([.. Enumerable.Range(1, columns.Length)]);
        foreach (var section in latencies)
            table.Add([section.Key, .. columns.Select(c => section.FirstOrDefault(row => row.Label == c) is { Value: { } value } ? value : "-")]);
        table.Write(app);
    }
}
