using System.Globalization;
using System.Text;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Plots;
using ServeSim.Workloads;

namespace ServeSim.Benchmarks;

/// <summary>
/// <c>scaling [requests] [batch] [instances] [trace]</c>: how processor time grows with each of these (all by default), as log-log plots
/// in docs/images and as Markdown tables on standard output.
/// </summary>
internal sealed class Scaling(string[] wanted)
{
    private const int Rounds = 3;
    private static readonly EngineKind[] _kinds = [EngineKind.Plain, EngineKind.Fast];
    private readonly PolicyCatalog _catalog = PolicyCatalog.Load();
    private readonly Scenario _defaults = new ScenarioReader(PolicyCatalog.Load()).ReadDefaults().Scenario;

    public static int Run(string[] args)
    {
        var scaling = new Scaling(args);
        _ = scaling.Requests(16).Concat(scaling.Instances(16)).Concat(BatchSize(4)).ToList();    // so that everything is compiled
        scaling.Draw("requests", "Cost of a run of one instance at 5 requests a second", "requests", "seconds of processor time", [1, 4, 16, 64, 256], scaling.Requests);
        scaling.Draw("batch", "Cost of one decode iteration", "batch size", "nanoseconds", [1, 4, 16, 64, 256], BatchSize);
        scaling.Draw("instances", "Cost of a request at 5 requests a second for each instance, least-outstanding router", "instances", "microseconds of processor time", [1, 4, 16, 64, 256, 1024], scaling.Instances);
        scaling.Draw("trace", "Reading and parsing alone, and whole replays, of an Azure layout file", "rows", "seconds of processor time", [1000, 10_000, 100_000, 400_000], scaling.Rows);
        return 0;
    }

    private IEnumerable<(string Name, double X, double Y)> Requests(int repeat) => _kinds.Select(kind =>
        (Name(kind), 1000.0 * repeat, Best(() => Whole(_defaults with { Trace = new TraceConfig { Repeat = repeat } }, kind).CpuSeconds)));

    private static IEnumerable<(string Name, double X, double Y)> BatchSize(int batch) => _kinds.Select(kind =>
    {
        var bench = new DecodeLoopBench { Engine = kind, BatchSize = batch };
        bench.Fill();
        for (var i = 0; i < 50; i++) bench.Decode();    // so that everything is compiled
        return (Name(kind), (double)batch, Best(() => Seconds(() =>
        {
            for (var i = 0; i < 10; i++) bench.Decode();    // ten thousand iterations: what is due every few thousand counts too
        })) * 1e9 / 10_000);
    });

    private IEnumerable<(string Name, double X, double Y)> Instances(int instances) => _kinds.Select(kind =>
    {
        var scenario = _defaults with
        {
            Instances = instances,
            Router = new RouterChoice("least-outstanding"),
            Trace = new TraceConfig { Repeat = Math.Max(32, instances / 16), RateScale = instances },
        };
        return (Name(kind), (double)instances, Best(() => Whole(scenario, kind) is var run ? run.CpuSeconds * 1e6 / run.Requests : 0));
    });

    private IEnumerable<(string Name, double X, double Y)> Rows(int rows)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"servesim-scaling-{Environment.ProcessId}.csv"));
        try
        {
            using (var writer = TraceWriter.Create(path, TraceWriteFormat.Azure))
            {
                foreach (var request in Fixtures.Chat(rows, 5))
                    writer.Write(new TraceRecord { Number = writer.Count + 1, Arrival = request.Arrival, InputTokens = request.InputTokens, OutputTokens = request.OutputTokens });
                writer.Complete();
            }

            var scenario = _defaults with { Trace = new TraceConfig { Path = path } };
            List<(string, double, double)> points = [("reading and parsing", rows, Best(() => Seconds(() => ReadAll(path))))];
            foreach (var kind in _kinds) points.Add((Name(kind), rows, Best(() => Whole(scenario, kind).CpuSeconds)));
            return points;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void ReadAll(string path)
    {
        using var trace = TraceFile.Open(path);
        while (trace.TryRead(out _)) { }
    }

    private void Draw(string name, string title, string x, string y, int[] sizes, Func<int, IEnumerable<(string Name, double X, double Y)>> measure)
    {
        if (wanted.Length > 0 && !wanted.Contains(name)) return;
        var points = sizes.SelectMany(measure).ToList();
        var series = points.GroupBy(p => p.Name).Select(g => new PlotSeries(g.Key, [.. g.Select(p => (p.X, p.Y))])).ToList();
        var plot = new SvgPlot { Title = title, XLabel = x, YLabel = y, Series = series, IsLogLog = true };
        File.WriteAllText(Repository.Path("docs", "images", $"scaling-{name}.svg"), plot.Render());

        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"\n{title}, {y}:\n\n| {x} |"));
        foreach (var one in series) table.Append(CultureInfo.InvariantCulture, $" {one.Name} |");
        table.Append("\n|---|").Insert(table.Length, "---|", series.Count);
        for (var i = 0; i < sizes.Length; i++)
        {
            table.Append(CultureInfo.InvariantCulture, $"\n| {series[0].Points[i].X:N0} |");
            foreach (var one in series) table.Append(CultureInfo.InvariantCulture, $" {one.Points[i].Y:G3} |");
        }

        table.Append("\n| growth at the end: power of |");
        foreach (var one in series) table.Append(CultureInfo.InvariantCulture, $" {Slope(one.Points):F2} |");
        Console.WriteLine(table);
    }

    /// <summary>The exponent between the last two points.</summary>
    private static double Slope(IReadOnlyList<(double X, double Y)> points) =>
        Math.Log(points[^1].Y / points[^2].Y) / Math.Log(points[^1].X / points[^2].X);

    private WholeRun Whole(Scenario scenario, EngineKind kind) => WholeRun.Of(scenario, kind, _catalog);

    private static string Name(EngineKind kind) => kind == EngineKind.Plain ? "plain" : "fast";

    private static double Seconds(Action action)
    {
        var start = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    }

    /// <summary>The least of a few measurements; one that takes long is made once.</summary>
    private static double Best(Func<double> measure)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var best = measure();
        for (var i = 1; i < Rounds && System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds < 2; i++) best = Math.Min(best, measure());
        return best;
    }
}
