using System.CommandLine;
using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.Cli.Commands;

/// <summary>Measured kernel times in, constants of the calibrated cost model out.</summary>
internal static class CalibrateCommand
{
    public static Command Create(AppContext app)
    {
        var profiles = new Argument<string[]>("PROFILES") { Description = "Profile files (CSV, .gz allowed) or folders of them.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--out") { HelpName = "FILE", Description = "Coefficients file to write.", Required = true };
        var date = new Option<string?>("--date") { HelpName = "DAY", Description = "Day that the file names; today by default." };
        var source = new Option<string[]>("--source") { HelpName = "TEXT", Description = "Where the measurements come from; may be given several times, file names by default." };
        var command = new ExampleCommand("calibrate", "Fit the constants of the calibrated cost model to measured kernel times.",
            "servesim calibrate profiles/ --out coefficients.json",
            "servesim calibrate gemm.csv attention.csv.gz --out coefficients.json --source \"our H100, driver 580\"")
        {
            profiles, output, date, source,
        };
        command.SetAction(parsed =>
        {
            var files = Files(parsed.GetRequiredValue(profiles));
            var calibrator = new Calibrator();
            foreach (var file in files) calibrator.Add(ProfileTable.Read(file));
            var sources = parsed.GetValue(source) is { Length: > 0 } given ? given : [.. files.Select(file => Path.GetFileName(file))];
            var day = parsed.GetValue(date) ?? DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var set = calibrator.Fit(day, sources);
            var path = parsed.GetRequiredValue(output);
            GridFile.Write(path, set.Write);
            WriteTable(app, set);
            foreach (var note in calibrator.Notes) app.Log.Warning("{Note:l}", note);
            app.Log.Information("{Count} sets of constants and {Curves} residual curves written to {Path:l}", set.Entries.Count, set.Residuals.Count, path);
            return ExitCode.Fine;
        });
        return command;
    }

    /// <summary>Profile files under the given paths.</summary>
    internal static List<string> Files(string[] paths)
    {
        var files = new List<string>();
        foreach (var path in paths)
        {
            if (!Directory.Exists(path)) files.Add(path);
            else files.AddRange(Directory.EnumerateFiles(path).Where(IsProfile).Order(StringComparer.Ordinal));
        }

        return files.Count > 0 ? files : throw new InputException($"{string.Join(", ", paths)}: no .csv or .csv.gz file there");
    }

    // A grid with answers lies beside profiles, but its answers are what predictions are judged by.
    private static bool IsProfile(string path) => !path.Contains("grid", StringComparison.Ordinal)
        && (path.EndsWith(".csv", StringComparison.Ordinal) || path.EndsWith(".csv.gz", StringComparison.Ordinal));

    private static void WriteTable(AppContext app, CoefficientSet set)
    {
        var table = new TextTable("operator", "device", "stack", "rows", "mean error", "p90", "kept back: rows", "mean", "median", "p90", "bias").AlignRight(3, 4, 5, 6, 7, 8, 9, 10);
        foreach (var e in set.Entries.Where(e => e.Fit.Rows > 0 && e.Device is not ("overlay" or "carried")))
        {
            table.Add(e.Operator, e.Device == "*" ? "any other" : e.Device, e.Stack, Text(e.Rows), Percent(e.Fit.Mean), Percent(e.Fit.Percentile90),
                e.HeldBack is { } h ? Text(h.Rows) : "", Percent(e.HeldBack?.Mean), Percent(e.HeldBack?.Median), Percent(e.HeldBack?.Percentile90), Percent(e.HeldBack?.Bias));
        }

        table.Write(app);
        foreach (var e in set.Entries.Where(e => e.Device == "overlay"))
            app.Output.Write($"residual overlay ({e.Stack}), row counts kept back: GEMM error {Percent(e.Fit.Mean)} without, {Percent(e.HeldBack!.Mean)} with\n");
        foreach (var e in set.Entries.Where(e => e.Device == "carried"))
            app.Output.Write($"{e.Operator["carried:".Length..]} ({e.Stack}) of devices left out: error {Percent(e.Fit.Mean)} from medians, {Percent(e.HeldBack!.Mean)} carried over by power limits\n");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double? share) => share is { } value ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "";
}
