using System.CommandLine;
using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

internal static class CostCommand
{
    public static Command Create(AppContext app)
    {
        var command = new ExampleCommand("cost", "Time one iteration.");
        command.SetAction(int (_) => throw new InputException("cost is not built yet"));
        return command;
    }
}
