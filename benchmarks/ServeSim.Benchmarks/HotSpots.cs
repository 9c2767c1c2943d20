using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;
using ServeSim.Workloads;

namespace ServeSim.Benchmarks;

/// <summary>
/// <c>hotspots [NAME...]</c>: where the processor time of scenarios goes. Parts are told apart by leaving them out: reading alone, the loop
/// with nobody watching, with metrics but without power, with metrics, and with requests.csv on top.
/// </summary>
internal static class HotSpots
{
    private const int Rounds = 2;

    public static int Run(string[] args)
    {
        var catalog = PolicyCatalog.Load();
        Console.WriteLine("| scenario | requests | iterations | whole s | reading | loop | metrics | power | requests.csv | µs per request | ns per iteration |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        string[] names = args.Length > 0 ? args : ["week", "thousand", "sixty-four"];
        foreach (var name in (string[])["one-light", .. names])
        {
            var scenario = new ScenarioReader(catalog).ReadFile(Repository.Path("benchmarks", "scenarios", name + ".yaml")).Scenario;
            scenario = scenario with { Engine = scenario.Engine with { Kind = EngineKind.Fast } };
            var reading = Best(() => Read(scenario, catalog));
            var loop = Best(() => Loop(scenario, catalog, (_, _) => new Fixtures.Silent()));
            var unpowered = Best(() => Loop(scenario, catalog, (setup, _) => new RunMetrics(setup.Metrics with { Energy = new() })));
            var metrics = Best(() => Loop(scenario, catalog, (setup, _) => new RunMetrics(setup.Metrics)));
            var rows = Best(() => Loop(scenario, catalog, (setup, sink) => new CompositeObserver(new RunMetrics(setup.Metrics), new RequestsCsvWriter(sink))));
            var run = WholeRun.Of(scenario, EngineKind.Fast, catalog);
            if (name == "one-light" && !names.Contains(name)) continue;    // it warmed up
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {run.Requests:N0} | {run.Iterations:N0} | {rows:F2} | {Share(reading)} | {Share(loop - reading)} | {Share(unpowered - loop)} | {Share(metrics - unpowered)} | {Share(rows - metrics)} | {rows * 1e6 / run.Requests:F1} | {rows * 1e9 / run.Iterations:F0} |"));

            string Share(double part) => (Math.Max(0, part) / rows).ToString("P0", CultureInfo.InvariantCulture);
        }

        return 0;
    }

    private static void Read(Scenario scenario, PolicyCatalog catalog)
    {
        using var source = new TraceTrafficSource(new RunSetup(scenario, catalog).OpenTrace());
        while (source.NextArrival != SimTime.Never) source.Take();
    }

    private static void Loop(Scenario scenario, PolicyCatalog catalog, Func<RunSetup, Stream, IRunObserver> observer)
    {
        var setup = new RunSetup(scenario, catalog);
        using var source = new TraceTrafficSource(setup.OpenTrace());
        setup.CreateRun(source, observer(setup, Stream.Null)).Execute();
    }

    private static double Best(Action action)
    {
        var best = double.MaxValue;
        for (var i = 0; i < Rounds; i++)
        {
            var start = Environment.CpuUsage.TotalTime;
            action();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds);
        }

        return best;
    }
}
