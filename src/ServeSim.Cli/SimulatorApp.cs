using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ServeSim.Abstractions;
using ServeSim.Cli.Commands;

namespace ServeSim.Cli;

/// <summary>The command line as a library: a script with a policy of its own hosts all of it with one call.</summary>
public static class SimulatorApp
{
    /// <summary>Runs one command; <paramref name="extraPolicies"/> join the registered policies, routers and predictors.</summary>
    /// <returns>The exit code: 0 fine, 1 gate failed, 2 usage or input, 3 policy fault, 70 internal error, 130 interrupted.</returns>
    public static int Run(string[] args, params Type[] extraPolicies)
    {
        using var app = new AppContext(Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected, extraPolicies);
        return Run(args, app);
    }

    internal static int Run(string[] args, AppContext app) => ExitCode.Guard(app, () =>
    {
        var root = CreateRoot(app, out var globals);
        if (args.Length == 0)
        {
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = app.Error, EnableDefaultExceptionHandler = false });
            return ExitCode.Usage;
        }

        var parsed = root.Parse(args);
        globals.ApplyTo(app, parsed);
        var unknown = parsed.Tokens.Any(t => t.Type == TokenType.Directive) ? [] : UnknownTokens(parsed);
        return unknown.Count > 0 || parsed.Action is ParseErrorAction ? ReportErrors(app, parsed, unknown) : parsed.Invoke(new InvocationConfiguration
        {
            Output = app.Output,
            Error = app.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    });

    internal static RootCommand CreateRoot(AppContext app, out GlobalOptions globals)
    {
        globals = new GlobalOptions();
        var root = new RootCommand("ServeSim replays LLM request traces against scheduling policies and reports TTFT, TBT and goodput.")
        {
            HelpName = "servesim",
        };
        foreach (var command in (Command[])[
            RunCommand.Create(app), TraceCommand.Create(app), PoliciesCommand.Create(app),
            ModelsCommand.Create(app), GpusCommand.Create(app), CostCommand.Create(app), CalibrateCommand.Create(app), ValidateCommand.Create(app),
            ReproduceCommand.Create(app)]) root.Add(command);
        foreach (var option in globals.All) root.Add(option);
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help }) option.Action = new HelpWithExamples(help, app);
        }

        return root;
    }

    private static int ReportErrors(AppContext app, ParseResult parsed, List<string> unknown)
    {
        foreach (var token in unknown)
        {
            var known = token[0] == '-' ? FlagsOf(parsed) : parsed.CommandResult.Command.Subcommands.Select(c => c.Name);
            if (known.Contains(token)) app.Log.Error("{Token:l} stands where the flag before it expects its value", token);
            else app.Log.Error("{Token:l} is not known here; {Hint:l}", token, known.Any() ? Suggestion.For(token, known) : "no argument is expected");
        }

        if (unknown.Count == 0)
        {
            foreach (var message in parsed.Errors.Select(e => e.Message).Distinct()) app.Log.Error("{Message:l}", message);
        }

        app.Log.Error("see {Command:l} --help", string.Join(' ', PathOf(parsed)));
        return ExitCode.Usage;
    }

    /// <summary>What the parser could not place, and flags with a typo that it took for the value of something else.</summary>
    private static List<string> UnknownTokens(ParseResult parsed)
    {
        var flags = parsed.Tokens.Where(t => t.Type == TokenType.Argument && LooksLikeFlag(t.Value)).Select(t => t.Value.Split('=')[0]).Distinct().ToList();
        return flags.Count > 0 ? flags : [.. parsed.UnmatchedTokens];    // a word after an unknown flag is its value
    }

    private static bool LooksLikeFlag(string token) => token.Length > 1 && token[0] == '-' && (token[1] == '-' || char.IsAsciiLetter(token[1]));

    private static IEnumerable<string> FlagsOf(ParseResult parsed) => parsed.CommandResult.Command.Options
        .Concat(parsed.RootCommandResult.Command.Options.Where(o => o.Recursive)).Select(o => o.Name).Distinct();

    private static List<string> PathOf(ParseResult parsed)
    {
        var path = new List<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as CommandResult)
            path.Insert(0, at.Command is RootCommand { HelpName: { } name } ? name : at.Command.Name);
        return path;
    }
}
