using System.CommandLine;
using ServeSim.Abstractions;
using ServeSim.Experiments.Scenarios;
using ServeSim.Experiments.Validation;

namespace ServeSim.Cli.Commands;

/// <summary>Replays what real engines did and says how far off the simulation is.</summary>
internal static class ValidateCommand
{
    public static Command Create(AppContext app)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Request logs (NAME.requests.csv with NAME.config.json beside it) and tables of load points (CSV, also gzip).",
            Arity = ArgumentArity.OneOrMore,
        };
        var cost = new Option<string?>("--cost") { HelpName = "SPEC", Description = "Cost model instead of the default." };
        var set = new Option<string[]>("--set") { HelpName = "KEY=VALUE", Description = "Set one key of the scenarios; wins over the configuration of a log." };
        var sample = new Option<int?>("--sample") { HelpName = "N", Description = "At most N load points that can be simulated, spread over the table." };
        var clients = new Option<string>("--clients") { HelpName = "spread|together", Description = "How the clients of load points begin.", DefaultValueFactory = _ => "spread" };
        clients.AcceptOnlyFromAmong("spread", "together");
        var within = new Option<double?>("--within") { HelpName = "PERCENT", Description = "Fail (code 1) if mean TPOT, mean E2E or makespan of a log is further off." };
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "Write validation.json and plots (SVG) there." };
        var json = CommonOptions.Json();
        var command = new ExampleCommand("validate", "Replay logs of real engines and compare latencies and throughput.",
            "servesim validate logs/*.requests.csv --out results",
            "servesim validate static-load-points.csv.gz --sample 50",
            "servesim validate run.requests.csv --within 6")
        {
            files, cost, set, sample, clients, within, output, json,
        };
        command.SetAction(parsed =>
        {
            var changes = (parsed.GetValue(set) ?? []).Select(s => ScenarioOverride.Parse(s)).ToList();
            if (parsed.GetValue(cost) is { } spec) changes.Insert(0, new ScenarioOverride("cost", spec, $"--cost {spec}"));
            if (parsed.GetValue(sample) is <= 0) throw new InputException("--sample must be at least 1");
            var execution = new ValidateExecution(app, changes)
            {
                Sample = parsed.GetValue(sample),
                Start = parsed.GetValue(clients) == "together" ? ClientStart.Together : ClientStart.Spread,
                OutputDirectory = parsed.GetValue(output),
                WithinPercent = parsed.GetValue(within),
                PrintJson = parsed.GetValue(json),
            };
            return execution.Execute(parsed.GetRequiredValue(files));
        });
        return command;
    }
}
