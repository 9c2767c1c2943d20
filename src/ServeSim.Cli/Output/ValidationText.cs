using System.Globalization;
using ServeSim.Experiments.Validation;

namespace ServeSim.Cli.Output;

/// <summary>A validation for a person.</summary>
internal static class ValidationText
{
    public static void Write(AppContext app, LogReplay log)
    {
        app.Output.Write($"{log.Name} ({log.Engine}): {log.Requests} requests, {log.NotFinished} not finished in the simulation, {log.Preemptions} preemptions\n");
        var table = new TextTable("ms", "", "mean", "p50", "p90", "p99").AlignRight(2, 3, 4, 5);
        foreach (var latency in log.Latencies)
        {
            Add(latency.Name, "measured", latency.Measured, s => Number(1e3 * s));
            Add("", "simulated", latency.Simulated, s => Number(1e3 * s));
            Add("", "error", latency.Error, Percent);
        }

        table.Write(app);
        var totals = new TextTable("", "measured", "simulated", "error", "unit").AlignRight(1, 2, 3);
        foreach (var total in (NumberComparison[])[log.Makespan, log.Throughput]) totals.Add(total.Name, Number(total.Measured), Number(total.Simulated), Percent(total.Error), total.Unit);
        totals.Write(app);
        app.Output.Write(string.Create(CultureInfo.InvariantCulture,
            $"throughput over time: the curves differ by {100 * log.ThroughputDeviation:0.0} % of the measured tokens (bins of {log.BinSeconds} s)\n"));
        app.Output.Write($"cost model: {log.Cost.Name}\ncost source: {log.Cost.Source}\nknown error: {log.Cost.KnownError}\n");
        foreach (var warning in log.Cost.Warnings) app.Output.Write($"warning: {warning}\n");
        foreach (var assumption in log.Assumptions) app.Output.Write($"assumed: {assumption}\n");
        app.Output.Write($"fingerprint: {log.Fingerprint}\n\n");

        void Add(string name, string what, LatencyStatistics s, Func<double, string> text) => table.Add(name, what, text(s.Mean), text(s.P50), text(s.P90), text(s.P99));
    }

    public static void Write(AppContext app, LoadPointTable points)
    {
        app.Output.Write($"{points.Name}: {points.Points} load points, {points.Runs.Count} simulated"
            + (points.NotSampled > 0 ? $", {points.NotSampled} not in the sample" : "") + "\n");
        var table = new TextTable("engine", "model", "gpu", "format", "points", "TPOT |error|", "bias", "worst", "TTFT |error|", "bias").AlignRight(4, 5, 6, 7, 8, 9);
        foreach (var (engine, model, gpu, format, runs) in points.Groups()) Add(engine, model, gpu, format, runs);
        if (points.Runs.Count > 0) Add("all", "", "", "", points.Runs);
        table.Write(app);
        foreach (var (reason, count) in points.LeftOut) app.Output.Write($"left out: {count} x {reason}\n");
        foreach (var cost in points.Runs.Select(r => r.CostError).Distinct()) app.Output.Write($"known error: {cost}\n");
        foreach (var assumption in LoadPointRun.Assumptions(points.Start)) app.Output.Write($"assumed: {assumption}\n");
        app.Output.Write("\n");

        void Add(string engine, string model, string gpu, string format, IReadOnlyList<LoadPointRun> runs) => table.Add(engine, model, gpu, format, Number(runs.Count),
            Percent(runs.Average(r => Math.Abs(r.TpotError)), false), Percent(runs.Average(r => r.TpotError)), Percent(runs.Select(r => r.TpotError).MaxBy(Math.Abs)),
            Percent(runs.Average(r => Math.Abs(r.TtftError)), false), Percent(runs.Average(r => r.TtftError)));
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "N0" : "0.##", CultureInfo.InvariantCulture);

    private static string Percent(double share) => Percent(share, true);

    private static string Percent(double share, bool signed) => (100 * share).ToString(signed ? "+0.0;-0.0" : "0.0", CultureInfo.InvariantCulture) + "%";
}
