using System.CommandLine;

namespace ServeSim.Cli.Commands;

/// <summary>Flags that mean the same in several commands.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Option<string?> Kind()
    {
        var kind = new Option<string?>("--kind") { Description = "Only this kind.", HelpName = "policy|router|predictor" };
        kind.AcceptOnlyFromAmong("policy", "router", "predictor");
        return kind;
    }
}
