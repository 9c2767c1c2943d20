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
        var profiles = new Argument<string[]>("PROFILES") { Description = "Profile files (CSV, .gz allowed) or folders of them.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string>("--out") { HelpName = "FILE", Description = "Coefficients file to write.", Required = true };
        var date = new Option<string?>("--date") { HelpName = "DAY", Description = "Day that the file names; today by default." };
        var source = new Option<string[]>("--source") { HelpName = "TEXT", Description = "Where the measurements come from; may be given several times, file names by default." };
        var iterations = new MeasuredIterations();
        var command = new ExampleCommand("calibrate", "Fit the constants of the cost model to kernel times, or scale them to measured iterations.",
            "servesim calibrate profiles/ --out coefficients.json",
            "servesim calibrate gemm.csv attention.csv.gz --out coefficients.json --source \"our H100, driver 580\"",
            "servesim calibrate --gpu rtx-4090 --model llama-3.1-8b --decode 16x4096=25.1 --prefill 2048=208 --out ours.json")
        {
            profiles, output, date, source,
        };
        iterations.AddTo(command);
        command.SetAction(parsed =>
        {
            var paths = parsed.GetValue(profiles) ?? [];
            iterations.Check(parsed, paths.Length > 0);
            var set = paths.Length > 0 ? Fit(app, parsed.GetValue(date), parsed.GetValue(source), paths) : iterations.Base(parsed);
            if (iterations.AreGiven(parsed)) set = iterations.Scale(app, parsed, set);
            var path = parsed.GetRequiredValue(output);
            GridFile.Write(path, set.Write);
            app.Log.Information("{Count} sets of constants and {Curves} residual curves written to {Path:l}", set.Entries.Count, set.Residuals.Count, path);
            return ExitCode.Fine;
        });
        return command;
    }

    private static CoefficientSet Fit(AppContext app, string? date, string[]? source, string[] paths)
    {
        var files = Files(paths);
        var calibrator = new Calibrator();
        foreach (var file in files) calibrator.Add(ProfileTable.Read(file));
        var day = date ?? DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var set = calibrator.Fit(day, source is { Length: > 0 } ? source : [.. files.Select(file => Path.GetFileName(file))]);
        WriteTable(app, set);
        foreach (var note in calibrator.Notes) app.Log.Warning("{Note:l}", note);
        foreach (var note in UnlikeShipped.Of(set)) app.Log.Warning("{Note:l}", note);
        return set;
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
