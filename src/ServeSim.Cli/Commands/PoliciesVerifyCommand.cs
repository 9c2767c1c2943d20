using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ServeSim.Cli.Output;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Verification;

namespace ServeSim.Cli.Commands;

/// <summary>Asks the laws about a registered class in random cases.</summary>
internal static class PoliciesVerifyCommand
{
    private const int SpeedRequests = 2_000;

    public static Command Create(AppContext app)
    {
        var name = new Argument<string>("NAME") { HelpName = "NAME", Description = "Name of a policy, router or predictor." };
        name.CompletionSources.Add(_ => app.Catalog.Entries.Select(e => e.Name).Distinct());
        var kind = CommonOptions.Kind();
        var cases = new Option<int>("--cases") { HelpName = "N", Description = "Random cases, each a small trace with hardly enough memory.", DefaultValueFactory = _ => 100 };
        cases.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is < 1 or > 1_000_000) result.AddError("--cases must be from 1 to 1000000");
        });
        var output = new Option<string?>("--out") { HelpName = "DIR", Description = "Where failing cases are written; verify-NAME by default." };
        var command = new ExampleCommand("verify", "Run the laws on one: random traces, tiny memory, random options.",
            "servesim policies verify sarathi",
            "servesim policies verify my-policy --plugin my.dll --cases 1000")
        {
            name, kind, cases, output,
        };
        command.SetAction(parsed =>
        {
            var given = parsed.GetRequiredValue(name);
            var code = ExitCode.Fine;
            foreach (var entry in PoliciesCommand.Named(app, given, parsed.GetValue(kind)))
                code = Math.Max(code, Verify(app, entry, parsed.GetValue(cases), parsed.GetValue(output) ?? $"verify-{entry.Name}"));
            return code;
        });
        return command;
    }

    private static int Verify(AppContext app, PolicyEntry entry, int cases, string folder)
    {
        var clock = Stopwatch.GetTimestamp();
        var results = new PolicyVerifier(app.Catalog).Verify(entry, cases, app.Cancellation);
        app.Output.Write($"{PolicyCatalog.Word(entry.Kind)} {entry.Name}\n");
        var table = new TextTable("law", "cases", "result", "").AlignRight(1);
        foreach (var result in results)
        {
            table.Add(result.Law.Name, result.Excuse is null ? result.Cases.ToString(CultureInfo.InvariantCulture) : "-",
                result.Excuse ?? (result.Failure is not null ? "BROKEN" : result.Cases > 0 ? "kept" : "not asked"), result.Law.Sentence);
        }

        table.Write(app);
        var broken = results.Where(r => r.Failure is not null).ToList();
        foreach (var result in broken)
        {
            var world = result.Failure!.Case;
            app.Output.Write($"\n{result.Law.Name} is broken in case {world.Number}, {world.Records.Count} requests: {result.Failure.Breach}\n");
            foreach (var line in FailureFiles.Write(folder, result, app.Catalog)) app.Output.Write($"  {line}{Plugins(app)}\n");
        }

        app.Log.Information("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"{cases} cases in {Stopwatch.GetElapsedTime(clock).TotalSeconds:F1} s"));
        if (broken.Count == 0 && Speed.Measure(app.Catalog, entry, SpeedRequests) is { } perSecond)
            app.Log.Information("{Text:l}", string.Create(CultureInfo.InvariantCulture, $"about {perSecond:N0} requests/s in {SpeedRequests} requests of the bundled kind"));
        return broken.Count == 0 ? ExitCode.Fine : ExitCode.GateFailed;
    }

    private static string Plugins(AppContext app) => string.Concat(app.Plugins.Select(p => $" --plugin {p}"));
}
