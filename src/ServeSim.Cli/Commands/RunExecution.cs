using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.Engine;
using ServeSim.Engine.Events;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Reporting;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;

namespace ServeSim.Cli.Commands;

/// <summary>Carries out one run: trace in, progress on standard error, results to standard output and a directory.</summary>
internal sealed class RunExecution(AppContext app, Scenario scenario)
{
    public string? OutputDirectory { get; init; }
    public bool CheckDeterminism { get; init; }
    public bool PrintJson { get; init; }

    public int Execute()
    {
        if (CheckDeterminism && scenario.Trace.Path == "-") throw new InputException("--check-determinism reads the trace twice, which standard input does not allow; give a file");
        var started = DateTimeOffset.UtcNow;
        var clock = Stopwatch.GetTimestamp();
        var setup = new RunSetup(scenario, app.Catalog);
        using var traffic = setup.OpenTraffic();
        using var directory = OutputDirectory is null ? null : new ResultDirectory(OutputDirectory);
        var metrics = new RunMetrics(setup.Metrics);
        var requests = directory is null ? null : new RequestsCsvWriter(directory.Create("requests.csv"));
        var iterations = directory is null || !scenario.Metrics.Iterations ? null : new IterationsCsvWriter(directory.Create("iterations.csv"));
        IRunObserver[] observers = [metrics, .. new IRunObserver?[] { requests, iterations }.OfType<IRunObserver>()];
        var determinism = CheckDeterminism ? new DeterminismTap() : null;

        var run = setup.CreateRun(traffic.Source, observers.Length == 1 ? metrics : new CompositeObserver(observers), determinism?.Recorder);
        RunResult result;
        using (new ProgressLine(app, run, setup.KnownRequests)) result = run.Execute(app.Cancellation);
        if (determinism is not null && !result.IsPartial) RunAgain(setup, determinism);

        requests?.Complete();
        iterations?.Complete();
        var summary = metrics.Summarize();
        var description = setup.Describe(result, traffic.Notes(result));
        foreach (var warning in traffic.Warnings) app.Log.Warning("{Warning:l}", warning);
        if (directory is not null)
        {
            WriteFiles(directory, setup, summary, description);
            var wall = Stopwatch.GetElapsedTime(clock);
            EnvironmentJson.Write(directory.Create("environment.json"), RunEnvironment.Of(started, wall, result.End.Seconds, Version()));
            directory.Commit();
        }

        Print(summary, description);
        if (app.Cancellation.IsCancellationRequested)
            app.Log.Warning("{Text:l}", result.IsPartial ? "interrupted; the result covers a part of the trace" : "interrupted; the result is complete, but was not compared");
        if (directory is not null) app.Log.Information("results in {Directory:l}", OutputDirectory);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        app.Log.Information("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{result.End.Seconds:F1} s simulated in {seconds:F2} s"));
        return app.Cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Fine;
    }

    private void RunAgain(RunSetup setup, DeterminismTap determinism)
    {
        using var traffic = setup.OpenTraffic();
        var comparison = determinism.Comparer();
        var run = setup.CreateRun(traffic.Source, new RunMetrics(setup.Metrics), comparison);
        using (new ProgressLine(app, run, setup.KnownRequests)) run.Execute(app.Cancellation);
        if (app.Cancellation.IsCancellationRequested) return;
        if (comparison.FirstDifference is { } difference) throw new InvariantException($"two runs of the same scenario differ, first at {difference}");
        if (comparison.IsShorter) throw new InvariantException("two runs of the same scenario differ: the second one has fewer events");
        app.Log.Information("two runs agree event by event");
    }

    private static void WriteFiles(ResultDirectory directory, RunSetup setup, RunSummary summary, RunDescription description)
    {
        directory.Create("scenario.yaml").Write(Encoding.UTF8.GetBytes(ScenarioWriter.Write(FromDirectory(setup.Scenario, directory.FullPath))));
        SummaryJson.Write(directory.Create("summary.json"), summary, description);
    }

    /// <summary>A relative trace path in a scenario file starts from that file, so that the written one can be run again.</summary>
    private static Scenario FromDirectory(Scenario scenario, string directory) =>
        scenario.Trace.Path is not { } path || path == "-" || Path.IsPathRooted(path) ? scenario
        : scenario with { Trace = scenario.Trace with { Path = Path.GetRelativePath(directory, Path.GetFullPath(path)).Replace('\\', '/') } };

    private void Print(RunSummary summary, RunDescription description)
    {
        if (!PrintJson)
        {
            SummaryText.Write(app, summary, description);
            return;
        }

        using var buffer = new MemoryStream();
        SummaryJson.Write(buffer, summary, description);
        app.Output.Write(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static string Version() =>
        typeof(RunExecution).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
