using System.CommandLine;
using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

internal static class GpusCommand
{
    public static Command Create(AppContext app)
    {
        var command = new ExampleCommand("gpus", "List the GPUs with known rates.");
        command.SetAction(int (_) => throw new InputException("gpus is not built yet"));
        return command;
    }
}
