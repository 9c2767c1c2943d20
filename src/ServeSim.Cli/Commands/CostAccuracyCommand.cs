using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServeSim.Cli.Output;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.Cli.Commands;

/// <summary>How far the constants are off on what they never saw.</summary>
internal static class CostAccuracyCommand
{
    public static Command Create(AppContext app)
    {
        var profiles = new Argument<string[]>("PROFILES") { Description = "The profile files that the constants were fitted to, or folders of them.", Arity = ArgumentArity.OneOrMore };
        var coefficients = CostPredictCommand.Coefficients();
        var json = CommonOptions.Json();
        var command = new ExampleCommand("accuracy", "Leave shapes, models and devices out, fit again, and print the errors beside their goals.",
            "servesim cost accuracy profiles/")
        {
            profiles, coefficients, json,
        };
        command.SetAction(parsed =>
        {
            var tables = CalibrateCommand.Files(parsed.GetRequiredValue(profiles)).Select(ProfileTable.Read);
            var rows = new AccuracyTable(CostPredictCommand.Load(parsed.GetValue(coefficients)), tables).Rows().ToList();
            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteJson(writer, rows));
            else WriteTable(app, rows);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void WriteTable(AppContext app, List<AccuracyRow> rows)
    {
        var table = new TextTable("predicted", "of", "not seen by the constants", "rows", "mean", "p90", "bias", "goal", "met").AlignRight(3, 4, 5, 6, 7);
        foreach (var row in rows)
        {
            var goal = row.Goal is null ? "" : Percent(row.Goal) + (row.GoalPercentile90 is null ? "" : " / " + Percent(row.GoalPercentile90));
            table.Add(row.Predicted, row.Subject, row.KeptBack, row.Errors.Rows.ToString(CultureInfo.InvariantCulture), Percent(row.Errors.Mean),
                Percent(row.Errors.Percentile90), Percent(row.Errors.Bias), goal, row.IsMet switch { true => "yes", false => "NO", _ => "" });
        }

        table.Write(app);
    }

    private static void WriteJson(Utf8JsonWriter writer, List<AccuracyRow> rows)
    {
        writer.WriteStartArray();
        foreach (var row in rows)
        {
            writer.WriteStartObject();
            writer.WriteString("predicted", row.Predicted);
            writer.WriteString("of", row.Subject);
            writer.WriteString("not_seen", row.KeptBack);
            writer.WriteNumber("rows", row.Errors.Rows);
            writer.WriteNumber("mean", row.Errors.Mean);
            writer.WriteNumber("p90", row.Errors.Percentile90);
            writer.WriteNumber("bias", row.Errors.Bias);
            if (row.Goal is { } goal) writer.WriteNumber("goal", goal);
            if (row.GoalPercentile90 is { } p90) writer.WriteNumber("goal_p90", p90);
            if (row.IsMet is { } met) writer.WriteBoolean("met", met);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Percent(double? share) => share is { } value ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "";
}
