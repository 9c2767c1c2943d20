using System.CommandLine;

namespace ServeSim.Cli;

/// <summary>Flags that every command takes.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string[]> _plugin = new("--plugin")
    {
        Description = "Assembly with further policies; may be given several times.",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Errors only on standard error, no progress.", Recursive = true };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Details on standard error, with the stack of an internal error.", Recursive = true };

    public IEnumerable<Option> All => [_plugin, _quiet, _verbose];

    public void ApplyTo(AppContext app, ParseResult parsed)
    {
        app.Plugins = parsed.GetValue(_plugin) ?? [];
        app.IsQuiet = parsed.GetValue(_quiet);
        app.IsVerbose = parsed.GetValue(_verbose);
    }
}
