using System.CommandLine;
using System.Globalization;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.Experiments.Reproductions;

namespace ServeSim.Cli.Commands;

/// <summary>Runs published findings again and writes a page about each.</summary>
internal static class ReproduceCommand
{
    private const string DefaultFolder = "docs/reproductions";

    public static Command Create(AppContext app)
    {
        var names = new Argument<string[]>("NAME") { HelpName = "NAME", Description = "Reproductions that come with the program, or files that end in .yaml; all that come with it by default.", Arity = ArgumentArity.ZeroOrMore };
        names.CompletionSources.Add(_ => Reproduction.Shipped);
        var list = new Option<bool>("--list") { Description = "Say what there is and run nothing." };
        var output = new Option<string>("--out") { HelpName = "DIR", Description = $"Where pages and plots go; {DefaultFolder} by default.", DefaultValueFactory = _ => DefaultFolder };
        var quick = new Option<bool>("--quick") { Description = "Few runs of few requests: shows that the pages can be made." };
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 if a claim does not hold." };
        var command = new ExampleCommand("reproduce", "Run published findings again: pages with their numbers beside ours.",
            "servesim reproduce --list",
            "servesim reproduce sarathi-serve --out pages",
            "servesim reproduce my-experiment.yaml --quick --out /tmp/pages")
        {
            names, list, output, quick, strict,
        };
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. Reproduction.Shipped];
            var opened = given.Select(Reproduction.Open).ToList();
            if (parsed.GetValue(list))
            {
                var table = new TextTable("name", "title", "runs").AlignRight(2);
                foreach (var one in opened) table.Add(one.Name, one.File.Title, Runs(one).ToString(CultureInfo.InvariantCulture));
                table.Write(app);
                return ExitCode.Fine;
            }

            var pages = opened.Select(one => Run(app, one, parsed.GetValue(quick), parsed.GetRequiredValue(output))).ToList();
            return parsed.GetValue(strict) && pages.Any(p => p.Verdicts.Any(v => !v.Holds)) ? ExitCode.GateFailed : ExitCode.Fine;
        });
        return command;
    }

    private static ReproductionPage Run(AppContext app, Reproduction one, bool isQuick, string folder)
    {
        var last = 0;
        var page = one.Run(app.Catalog, isQuick, done =>
        {
            var percent = 100 * done / Runs(one);
            if (isQuick || app.IsQuiet || percent < last + 10) return;
            last = percent;
            app.Log.Information("{Name:l}: {Done} of {All} runs", one.Name, done, Runs(one));
        }, app.Cancellation);
        Write(page, folder);
        app.Output.Write($"{Path.Combine(folder, page.Name).Replace('\\', '/')}.md\n");
        foreach (var verdict in page.Verdicts)
            app.Output.Write($"  {verdict.Verdict}: {string.Join(' ', verdict.Claim.Says.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}\n");
        return page;
    }

    private static int Runs(Reproduction one) =>
        one.File.Experiments.Groups.Sum(e => e.Value.Variants.Entries.Count * (e.Value.Load?.Values.Count ?? 1) * e.Value.Seeds);

    private static void Write(ReproductionPage page, string folder)
    {
        try
        {
            foreach (var (path, text) in page.Plots.Prepend(($"{page.Name}.md", page.Markdown)))
            {
                var target = Path.Combine(folder, path);
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
                File.WriteAllText(target, text, new UTF8Encoding(false));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--out {folder}: cannot be written: {e.Message}");
        }
    }
}
