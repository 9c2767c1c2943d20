using System.CommandLine;
using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

internal static class ModelsCommand
{
    public static Command Create(AppContext app)
    {
        var command = new ExampleCommand("models", "List the models with known sizes.");
        command.SetAction(int (_) => throw new InputException("models is not built yet"));
        return command;
    }
}
