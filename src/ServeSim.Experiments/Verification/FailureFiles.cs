using System.Text;
using ServeSim.Abstractions;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Verification;

/// <summary>Writes a failing case as a scenario and a trace, so that anybody can run it.</summary>
public static class FailureFiles
{
    /// <summary>Writes <c>LAW.yaml</c> and its traces into a folder and says which commands show the failure.</summary>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public static IReadOnlyList<string> Write(string folder, LawResult result, PolicyCatalog catalog)
    {
        var (law, world) = (result.Law.Name, result.Failure!.Case);
        if (law == "foresight") world = world.ForForesight(catalog);
        try
        {
            Directory.CreateDirectory(folder);
            WriteTrace(Path.Combine(folder, $"{law}.jsonl"), world);
            var scenario = world.Scenario with { Trace = new TraceConfig { Path = $"{law}.jsonl", Format = "servesim" } };
            File.WriteAllText(Path.Combine(folder, $"{law}.yaml"), ScenarioWriter.Write(scenario), new UTF8Encoding(false));
            if (law == "foresight") WriteTrace(Path.Combine(folder, $"{law}-other-lengths.jsonl"), world.WithOtherLengths());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: cannot be written: {e.Message}");
        }

        var run = $"servesim run {Path.Combine(folder, law).Replace('\\', '/')}.yaml";
        return law switch
        {
            "determinism" => [$"{run} --check-determinism"],
            "promises" => [$"{run} --engine fast --audit"],
            "executors" => [$"{run} --engine plain", $"{run} --engine fast"],
            "foresight" => [run, $"{run} --trace {Path.Combine(folder, law).Replace('\\', '/')}-other-lengths.jsonl"],
            _ => [run],
        };
    }

    private static void WriteTrace(string path, VerificationCase world)
    {
        using var trace = TraceWriter.Create(path, TraceWriteFormat.Jsonl);
        foreach (var record in world.Records) trace.Write(record);
        trace.Complete();
    }
}
