using System.Globalization;
using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.Experiments.Scenarios;
using ServeSim.Experiments.Validation;
using ServeSim.Reporting.Plots;
using ServeSim.Reporting.Writers;

namespace ServeSim.Cli.Commands;

/// <summary>Carries out a validation: logs first, then load points; tables or JSON to standard output, plots to a directory.</summary>
internal sealed class ValidateExecution(AppContext app, IReadOnlyList<ScenarioOverride> changes)
{
    public int? Sample { get; init; }
    public ClientStart Start { get; init; }
    public double? WithinPercent { get; init; }
    public string? OutputDirectory { get; init; }
    public bool PrintJson { get; init; }

    public int Execute(IReadOnlyList<string> files)
    {
        foreach (var missing in files.Where(f => !File.Exists(f))) throw new InputException($"{missing}: there is no such file");
        var tables = files.Where(f => !f.EndsWith(EngineLog.Suffix, StringComparison.Ordinal)).ToList();
        foreach (var other in tables.Where(f => !LoadPoint.IsTable(f)))
            throw new InputException($"{other}: is neither a request log (*{EngineLog.Suffix}) nor a table of load points (columns isl, osl, concurrency)");
        using var directory = OutputDirectory is null ? null : new ResultDirectory(OutputDirectory);
        var logs = files.Except(tables).Select(f => LogReplay.Run(f, app.Catalog, changes, app.Cancellation)).ToList();
        var points = tables.Select(f => LoadPointTable.Run(f, app.Catalog, Start, changes, Sample, app.Cancellation)).ToList();
        if (directory is not null)
        {
            foreach (var log in logs) WritePlots(directory, log);
            foreach (var table in points.Where(t => t.Runs.Count > 0)) WritePlot(directory, $"{table.Name}.tpot.svg", Scatter(table));
            using (var text = new StreamWriter(directory.Create("validation.json"), new UTF8Encoding(false), leaveOpen: true))
                JsonText.Write(text, writer => WriteJson(writer, logs, points));
            directory.Commit();
        }

        if (PrintJson) JsonText.Write(app.Output, writer => WriteJson(writer, logs, points));
        else
        {
            foreach (var log in logs) ValidationText.Write(app, log);
            foreach (var table in points) ValidationText.Write(app, table);
        }

        if (directory is not null) app.Log.Information("results in {Directory:l}", OutputDirectory);
        var failed = logs.Where(l => WithinPercent is { } most && !(100 * l.WorstError <= most)).ToList();
        foreach (var log in failed)
            app.Log.Error("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{log.Name}: {100 * log.WorstError:0.0} % off, {WithinPercent} % allowed"));
        return failed.Count > 0 ? ExitCode.GateFailed : ExitCode.Fine;
    }

    private static void WritePlots(ResultDirectory directory, LogReplay log)
    {
        foreach (var latency in log.Latencies)
        {
            WritePlot(directory, $"{log.Name}.{latency.Name.ToLowerInvariant()}.svg", new SvgPlot
            {
                Title = $"{log.Name}: {latency.Name}",
                XLabel = $"{latency.Name}, ms",
                YLabel = "share of requests",
                Series =
                [
                    PlotSeries.Cdf($"measured ({log.Engine})", latency.MeasuredSamples.Select(s => 1e3 * s)),
                    PlotSeries.Cdf("simulated", latency.SimulatedSamples.Select(s => 1e3 * s)),
                ],
            });
        }

        WritePlot(directory, $"{log.Name}.throughput.svg", new SvgPlot
        {
            Title = $"{log.Name}: output tokens per second",
            XLabel = "time since the first arrival, s",
            YLabel = "tokens/s",
            Series =
            [
                PlotSeries.Bins($"measured ({log.Engine})", log.MeasuredThroughput, log.BinSeconds),
                PlotSeries.Bins("simulated", log.SimulatedThroughput, log.BinSeconds),
            ],
        });
    }

    private static SvgPlot Scatter(LoadPointTable table) => new()
    {
        Title = $"{table.Name}: mean TPOT",
        XLabel = "measured, ms",
        YLabel = "simulated, ms",
        HasDiagonal = true,
        Series = [.. table.Runs.GroupBy(r => r.Point.Engine).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new PlotSeries(g.Key, [.. g.Select(r => (r.Point.TpotMilliseconds, r.TpotMilliseconds))]) { IsScatter = true })],
    };

    private static void WritePlot(ResultDirectory directory, string name, SvgPlot plot) =>
        directory.Create(name).Write(Encoding.UTF8.GetBytes(plot.Render()));

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<LogReplay> logs, IReadOnlyList<LoadPointTable> tables)
    {
        json.WriteStartObject();
        json.WriteStartArray("logs");
        foreach (var log in logs) ValidationJson.Write(json, log);
        json.WriteEndArray();
        json.WriteStartArray("load_points");
        foreach (var table in tables) ValidationJson.Write(json, table);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
