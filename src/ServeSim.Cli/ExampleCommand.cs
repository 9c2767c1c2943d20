using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ServeSim.Cli;

/// <summary>A command whose help ends with lines to try.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, then the examples of the command. Redirected help is 100 columns wide everywhere.</summary>
internal sealed class HelpWithExamples(HelpAction help, AppContext app) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => help.ClearsParseErrors;

    public override int Invoke(ParseResult parseResult)
    {
        if (!app.OutputIsTerminal) help.MaxWidth = 100;
        var code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not ExampleCommand { Examples: { Count: > 0 } examples }) return code;
        var output = parseResult.InvocationConfiguration.Output;
        output.Write("Examples:\n");
        foreach (var example in examples) output.Write($"  {example}\n");
        output.Write("\n");
        return code;
    }
}
