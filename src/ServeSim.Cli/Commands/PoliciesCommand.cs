using System.CommandLine;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Cli.Commands;

/// <summary>What is registered: policies, routers, predictors, their options and whether they keep the laws.</summary>
internal static class PoliciesCommand
{
    public static Command Create(AppContext app) => new ExampleCommand("policies", "List the registered policies, routers and predictors, show one, or run the laws on it.",
        "servesim policies list",
        "servesim policies show sarathi",
        "servesim policies verify sarathi")
    {
        CreateList(app),
        CreateShow(app),
        PoliciesVerifyCommand.Create(app),
    };

    /// <summary>What is registered under a name, of one kind or of all.</summary>
    /// <exception cref="InputException">Nothing is; says what comes near.</exception>
    internal static List<PolicyEntry> Named(AppContext app, string name, string? kind)
    {
        var known = app.Catalog.Entries.Where(e => kind is null || PolicyCatalog.Word(e.Kind) == kind).ToList();
        var found = known.Where(e => e.Name == name).ToList();
        if (found.Count > 0) return found;
        var names = known.Select(e => e.Name).Distinct().ToList();
        throw new InputException($"nothing is registered as \"{name}\"; {(names.Count > 0 ? Suggestion.For(name, names) : "nothing is registered at all")}");
    }

    private static ExampleCommand CreateList(AppContext app)
    {
        var kind = CommonOptions.Kind();
        var json = CommonOptions.Json();
        var command = new ExampleCommand("list", "List every registered policy, router and predictor.",
            "servesim policies list --kind router",
            "servesim policies list --json")
        {
            kind, json,
        };
        command.SetAction(parsed =>
        {
            var entries = app.Catalog.Entries.Where(e => parsed.GetValue(kind) is not { } only || PolicyCatalog.Word(e.Kind) == only).ToList();
            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteAll(writer, entries));
            else WriteTable(app, entries);
            return ExitCode.Fine;
        });
        return command;
    }

    private static ExampleCommand CreateShow(AppContext app)
    {
        var name = new Argument<string>("NAME") { HelpName = "NAME", Description = "Name of a policy, router or predictor." };
        name.CompletionSources.Add(_ => app.Catalog.Entries.Select(e => e.Name).Distinct());
        var kind = CommonOptions.Kind();
        var json = CommonOptions.Json();
        var command = new ExampleCommand("show", "Show one: its idea, its source and its options with their defaults.",
            "servesim policies show sarathi",
            "servesim policies show round-robin --json")
        {
            name, kind, json,
        };
        command.SetAction(parsed =>
        {
            var found = Named(app, parsed.GetRequiredValue(name), parsed.GetValue(kind));
            if (parsed.GetValue(json)) JsonText.Write(app.Output, writer => WriteAll(writer, found));
            else found.ForEach(entry => WriteOne(app, entry));
            return ExitCode.Fine;
        });
        return command;
    }

    private static void WriteTable(AppContext app, List<PolicyEntry> entries)
    {
        if (entries.Count == 0) app.Log.Information("nothing is registered");
        var table = new TextTable("kind", "name", "oracle", "summary");
        foreach (var entry in entries) table.Add(PolicyCatalog.Word(entry.Kind), entry.Name, entry.UsesOracle ? "yes" : "", entry.Summary);
        table.Write(app);
    }

    private static void WriteOne(AppContext app, PolicyEntry entry)
    {
        app.Output.Write($"{PolicyCatalog.Word(entry.Kind)} {entry.Name}: {entry.Summary}\n");
        if (entry.Paper is { } paper) app.Output.Write($"source: {paper}\n");
        if (entry.UsesOracle) app.Output.Write("looks at the true output lengths; reports say so\n");
        if (entry.NeedsPredictor) app.Output.Write($"needs a length predictor (predictor.name); {entry.DefaultPredictor} if none is chosen\n");
        if (entry.Options.Count == 0)
        {
            app.Output.Write("no options\n");
            return;
        }

        var hasRanges = entry.Options.Any(o => o.RangeText is not null);
        var table = new TextTable(["option", "type", "default", .. hasRanges ? ["allowed"] : Array.Empty<string>()]);
        foreach (var option in entry.Options)
            table.Add([$"{PolicyCatalog.Word(entry.Kind)}.{option.Name}", option.TypeText, option.DefaultText, .. hasRanges ? [option.RangeText ?? ""] : Array.Empty<string>()]);
        table.Write(app);
    }

    private static void WriteAll(Utf8JsonWriter writer, List<PolicyEntry> entries)
    {
        writer.WriteStartArray();
        foreach (var entry in entries)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", PolicyCatalog.Word(entry.Kind));
            writer.WriteString("name", entry.Name);
            writer.WriteString("summary", entry.Summary);
            writer.WriteString("paper", entry.Paper);
            writer.WriteBoolean("uses_oracle", entry.UsesOracle);
            writer.WriteBoolean("needs_predictor", entry.NeedsPredictor);
            writer.WriteStartArray("options");
            foreach (var option in entry.Options) WriteOption(writer, option);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteOption(Utf8JsonWriter writer, RecordField option)
    {
        writer.WriteStartObject();
        writer.WriteString("name", option.Name);
        writer.WriteString("type", option.TypeText);
        writer.WriteBoolean("required", !option.HasDefault);
        writer.WriteString("default", option.HasDefault && option.Default is not null ? option.DefaultText : null);
        writer.WriteString("allowed", option.RangeText);
        writer.WriteEndObject();
    }
}
