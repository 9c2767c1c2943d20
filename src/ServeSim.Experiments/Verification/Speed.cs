using System.Diagnostics;
using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Experiments.Verification;

/// <summary>How fast a registered class lets a run go. It depends on the machine: information, not a result.</summary>
public static class Speed
{
    /// <summary>Requests per second of wall time on the bundled trace, played until there are enough; null if the run cannot be made or does not end.</summary>
    public static double? Measure(PolicyCatalog catalog, PolicyEntry entry, long requests)
    {
        var scenario = new Scenario { Trace = new TraceConfig { Repeat = (int)((requests + 999) / 1000), Limit = requests }, Power = new PowerConfig { Model = "none" } };
        scenario = entry.Kind switch
        {
            PolicyKind.Policy => scenario with { Policy = new PolicyChoice(entry.Name) },
            PolicyKind.Router => scenario with { Router = new RouterChoice(entry.Name), Instances = 4 },
            _ => scenario with { Policy = new PolicyChoice("sjf"), Predictor = new PredictorChoice(entry.Name) },
        };
        try
        {
            Once(scenario, catalog);    // the first run pays for compilation
            var clock = Stopwatch.GetTimestamp();
            var arrived = Once(scenario, catalog);
            return arrived / Stopwatch.GetElapsedTime(clock).TotalSeconds;
        }
        catch (Exception e) when (e is PolicyFault or InputException)
        {
            return null;
        }
    }

    private static long Once(Scenario scenario, PolicyCatalog catalog)
    {
        var setup = new RunSetup(scenario, catalog);
        using var traffic = setup.OpenTraffic();
        return setup.CreateRun(traffic.Source, new RunMetrics(setup.Metrics)).Execute().Arrived;
    }
}
