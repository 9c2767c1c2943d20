using System.CommandLine;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Cli.Commands;

/// <summary>One run of one scenario.</summary>
internal static class RunCommand
{
    public static Command Create(AppContext app)
    {
        var file = new Argument<string?>("SCENARIO") { Description = "Scenario file (YAML or JSON); flags and --set win over it.", Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "Write scenario.yaml (resolved), summary.json and requests.csv there." };
        var twice = new Option<bool>("--check-determinism") { Description = "Run twice and compare event by event." };
        var json = new Option<bool>("--json") { Description = "Print summary.json instead of tables." };
        var flags = new ScenarioFlags(app);
        var command = new ExampleCommand("run", "Replay a trace under one policy; report TTFT, TBT and goodput.",
            "servesim run",
            "servesim run --trace trace.csv --model llama-3.1-8b --gpu h100-sxm --policy sarathi --set policy.tokenBudget=1024",
            "servesim run scenario.yaml --rate-scale 1.5 --slo ttft=2s,tbt=100ms --out results")
        {
            file,
        };
        flags.AddTo(command);
        command.Add(output);
        command.Add(twice);
        command.Add(json);
        command.SetAction(parsed =>
        {
            var reader = new ScenarioReader(app.Catalog);
            var changes = flags.Read(parsed);
            var reading = parsed.GetValue(file) is { } path ? reader.ReadFile(path, changes) : reader.ReadDefaults(changes);
            foreach (var note in reading.Notes) app.Log.Warning("{Note:l}", note);
            var execution = new RunExecution(app, reading.Scenario)
            {
                OutputDirectory = parsed.GetValue(output),
                CheckDeterminism = parsed.GetValue(twice),
                PrintJson = parsed.GetValue(json),
            };
            return execution.Execute();
        });
        return command;
    }
}
