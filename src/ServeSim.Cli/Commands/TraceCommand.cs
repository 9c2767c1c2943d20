using System.CommandLine;
using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

/// <summary>Work on trace files.</summary>
internal static class TraceCommand
{
    public static Command Create(AppContext app)
    {
        var command = new ExampleCommand("trace", "Describe, convert and cut trace files.");
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)[("info", "Describe a trace."), ("convert", "Convert a trace."), ("slice", "Cut a trace.")])
        {
            var part = new ExampleCommand(name, text);
            part.SetAction(int (_) => throw new InputException($"trace {name} is not built yet"));
            command.Add(part);
        }

        return command;
    }
}
