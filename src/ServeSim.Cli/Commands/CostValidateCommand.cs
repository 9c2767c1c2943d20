using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.Cli.Commands;

/// <summary>Compares predictions with measurements.</summary>
internal static class CostValidateCommand
{
    public static Command Create(AppContext app)
    {
        var measured = new Argument<string>("MEASURED") { Description = "A grid as for predict, with the measured times in a column ms." };
        var predicted = new Option<string?>("--predicted") { HelpName = "FILE", Description = "Compare these predictions (id, ms) instead of making them." };
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Scatter plot to write (SVG)." };
        var coefficients = CostPredictCommand.Coefficients();
        var plain = CostPredictCommand.NoOverlay();
        var json = CommonOptions.Json();
        var command = new ExampleCommand("validate", "Compare predictions with measurements: errors by operator, GPU and model.",
            "servesim cost validate measured.csv --plot scatter.svg")
        {
            measured, predicted, plot, coefficients, plain, json,
        };
        command.SetAction(parsed =>
        {
            var table = ProfileTable.Read(parsed.GetRequiredValue(measured));
            foreach (var column in (string[])["task", "ms"])
                if (!table.Has(column)) throw new InputException($"{table.File}: the column \"{column}\" is missing");
            var given = parsed.GetValue(predicted) is { } file ? ReadPredictions(file) : null;
            var predictor = new GridPredictor(CostPredictCommand.Load(parsed.GetValue(coefficients)), !parsed.GetValue(plain));
            var points = new List<(string Task, string Group, double Measured, double Predicted)>();
            var bad = 0;
            for (var row = 0; row < table.Count; row++)
            {
                if (table.Number(row, "ms") is not ({ } truth and > 0))
                {
                    bad++;
                    app.Log.Warning("{File:l} line {Line}: ms is \"{Text:l}\"; it must be a positive number", table.File, table.LineOf(row), table.Text(row, "ms"));
                    continue;
                }

                var time = given is null ? CostPredictCommand.Predict(app, predictor, table, row, ref bad) : Given(app, given, table, row, ref bad);
                if (time is not { } ms) continue;
                var device = table.Text(row, "gpu") is { Length: > 0 } gpu ? gpu : table.Text(row, "topology");
                points.Add((table.Text(row, "task"), $"{device} {table.Text(row, "model")}".Trim(), truth, ms));
            }

            if (points.Count == 0) throw new InputException($"{table.File}: no row can be compared");
            var groups = Summaries(points);
            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteJson(writer, groups));
            else WriteTable(app, groups);
            foreach (var note in predictor.Notes) app.Log.Warning("{Note:l}", note);
            if (bad > 0) app.Log.Warning("{Bad} of {Count} rows could not be compared", bad, table.Count);
            if (parsed.GetValue(plot) is { } svg)
            {
                GridFile.Write(svg, stream =>
                {
                    using var text = new StreamWriter(stream) { NewLine = "\n" };
                    ScatterPlot.Write(text, [.. points.Select(p => (p.Task, p.Measured, p.Predicted))]);
                });
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static List<(string Kind, string Name, ErrorSummary Errors)> Summaries(List<(string Task, string Group, double Measured, double Predicted)> points)
    {
        var groups = new List<(string, string, ErrorSummary)>();
        foreach (var task in points.GroupBy(p => p.Task).OrderBy(g => g.Key, StringComparer.Ordinal)) groups.Add(("operator", task.Key, Errors(task)));
        foreach (var group in points.GroupBy(p => p.Task + " " + p.Group).OrderBy(g => g.Key, StringComparer.Ordinal)) groups.Add(("operator, GPU and model", group.Key, Errors(group)));
        groups.Add(("all", "", Errors(points)));
        return groups;
    }

    private static ErrorSummary Errors(IEnumerable<(string Task, string Group, double Measured, double Predicted)> points)
    {
        var list = points.ToList();
        return ErrorSummary.Of([.. list.Select(p => p.Predicted)], [.. list.Select(p => p.Measured)]);
    }

    private static Dictionary<string, double> ReadPredictions(string path)
    {
        var table = ProfileTable.Read(path);
        var times = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var row = 0; row < table.Count; row++)
            if (table.Number(row, "ms") is { } ms) times[table.Text(row, "id")] = ms;
        return times;
    }

    private static double? Given(AppContext app, Dictionary<string, double> given, ProfileTable table, int row, ref int bad)
    {
        if (given.TryGetValue(table.Text(row, "id"), out var ms)) return ms;
        bad++;
        app.Log.Warning("{File:l} line {Line}: no prediction has the id \"{Id:l}\"", table.File, table.LineOf(row), table.Text(row, "id"));
        return null;
    }

    private static void WriteTable(AppContext app, List<(string Kind, string Name, ErrorSummary Errors)> groups)
    {
        var table = new TextTable("by", "", "rows", "MAPE", "median", "p90", "bias").AlignRight(2, 3, 4, 5, 6);
        foreach (var (kind, name, e) in groups)
            table.Add(kind, name, e.Rows.ToString(CultureInfo.InvariantCulture), Percent(e.Mean), Percent(e.Median), Percent(e.Percentile90), Percent(e.Bias));
        table.Write(app);
    }

    private static void WriteJson(Utf8JsonWriter writer, List<(string Kind, string Name, ErrorSummary Errors)> groups)
    {
        writer.WriteStartArray();
        foreach (var (kind, name, e) in groups)
        {
            writer.WriteStartObject();
            writer.WriteString("by", kind);
            writer.WriteString("name", name);
            writer.WriteNumber("rows", e.Rows);
            writer.WriteNumber("mape", e.Mean);
            writer.WriteNumber("median", e.Median);
            writer.WriteNumber("p90", e.Percentile90);
            writer.WriteNumber("bias", e.Bias);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + "%";
}
