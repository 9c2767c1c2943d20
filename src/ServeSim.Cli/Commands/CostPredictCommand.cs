using System.CommandLine;
using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.Cli.Commands;

/// <summary>Predicts a grid of kernels and iterations.</summary>
internal static class CostPredictCommand
{
    private const int MostWarnings = 20;

    public static Command Create(AppContext app)
    {
        var grid = new Option<string>("--grid") { HelpName = "FILE", Description = "What to predict: a CSV file with a column task and the columns that it needs.", Required = true };
        var output = new Option<string>("--out") { HelpName = "FILE", Description = "Predictions, id and ms; a row that cannot be predicted has no ms.", Required = true };
        var coefficients = Coefficients();
        var plain = NoOverlay();
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 if a row cannot be predicted." };
        var command = new ExampleCommand("predict", "Predict single kernels, operators, collectives and iterations.", "servesim cost predict --grid in.csv --out out.csv")
        {
            grid, output, coefficients, plain, strict,
        };
        command.SetAction(parsed =>
        {
            var table = ProfileTable.Read(parsed.GetRequiredValue(grid));
            if (!table.Has("task")) throw new InputException($"{table.File}: the column \"task\" is missing; columns: {string.Join(", ", GridPredictor.Columns)}");
            var predictor = new GridPredictor(Load(parsed.GetValue(coefficients)), !parsed.GetValue(plain));
            var bad = 0;
            GridFile.Write(parsed.GetRequiredValue(output), stream =>
            {
                using var text = new StreamWriter(stream) { NewLine = "\n" };
                text.Write("id,ms\n");
                for (var row = 0; row < table.Count; row++)
                {
                    app.Cancellation.ThrowIfCancellationRequested();
                    var id = table.Has("id") ? table.Text(row, "id") : (row + 1).ToString(CultureInfo.InvariantCulture);
                    var ms = Predict(app, predictor, table, row, ref bad);
                    text.Write($"{id},{ms?.ToString("0.#########", CultureInfo.InvariantCulture)}\n");
                }
            });
            foreach (var note in predictor.Notes) app.Log.Warning("{Note:l}", note);
            if (bad > 0) app.Log.Warning("{Bad} of {Count} rows could not be predicted and have no ms", bad, table.Count);
            return bad > 0 && parsed.GetValue(strict) ? ExitCode.GateFailed : ExitCode.Fine;
        });
        return command;
    }

    /// <summary>Milliseconds of a row; null, with a warning that names the line, where it cannot be predicted.</summary>
    internal static double? Predict(AppContext app, GridPredictor predictor, ProfileTable table, int row, ref int bad)
    {
        try
        {
            return predictor.Microseconds(table, row) / 1e3;
        }
        catch (InputException e)
        {
            bad++;
            if (bad <= MostWarnings) app.Log.Warning("{File:l} line {Line}: {Problem:l}", table.File, table.LineOf(row), e.Problems[0]);
            return null;
        }
    }

    internal static Option<string?> Coefficients() => new("--coefficients") { HelpName = "FILE", Description = "Constants from servesim calibrate instead of the shipped ones." };

    internal static Option<bool> Overlay() => new("--overlay") { Description = "Correct operators of profiled models by their own measurements." };

    internal static Option<bool> NoOverlay() => new("--no-overlay") { Description = "Formulas alone, also for operators of models that were profiled themselves." };

    internal static CoefficientSet Load(string? path) => path is null ? CoefficientSet.Shipped : CoefficientSet.Read(path).Completed();
}
