using System.Text;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Cli;
using ServeSim.Tests.Experiments;

namespace ServeSim.Tests.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public void Policies_are_listed_as_plain_columns_when_redirected()
    {
        var (code, output, error) = Run("policies", "list", "--kind", "predictor");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("predictor  sample-predictor ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_is_shown_with_its_options_as_keys()
    {
        var (code, output, _) = Run("policies", "show", "sample");
        Assert.Equal(0, code);
        Assert.Equal("""
            policy sample: Does nothing, with every kind of option.
            source: A test
            option              type                        default
            policy.tokenBudget  integer                     512
            policy.order        first-come|shortest-prompt  first-come
            policy.slack        number                      (none)
            policy.window       duration                    5ms
            policy.chunked      boolean                     true
            policy.label        text                        plain
            policy.cap          integer                     1099511627776

            """, output);
        Assert.Contains("\"uses_oracle\": false", Run("policies", "show", "sample", "--json").Output, StringComparison.Ordinal);
    }

    public static TheoryData<string, string[], string> UsageErrors => new()
    {
        { "no command at all", [], "Usage:" },
        { "unknown command", ["polices"], "polices is not known here; did you mean \"policies\"?" },
        { "unknown flag with a value", ["run", "--polcy", "x"], "--polcy is not known here; did you mean \"--policy\"?" },
        { "a flag where a value belongs", ["run", "--trace", "--limit", "3"], "--limit stands where the flag before it expects its value" },
        { "unknown flag with an equals sign", ["run", "--polcy=x"], "--polcy is not known here; did you mean \"--policy\"?" },
        { "missing subcommand", ["trace"], "Required command was not provided." },
        { "unknown name", ["policies", "show", "sampl"], "nothing is registered as \"sampl\"; did you mean \"sample\"?" },
        { "bad value of a flag", ["run", "--tp", "two"], "--tp two: parallel.tensor must be a whole number (at most 2147483647), got two" },
        { "second problem of the same run", ["run", "--tp", "two", "--slo", "ttft=2x"], "--slo ttft=2x: slo.ttft has the unknown unit" },
        { "missing scenario", ["run", "no-such.yaml"], "no-such.yaml: cannot be read" },
        { "layout that the model does not allow", ["run", "--tp", "3"], "tp: llama-3.1-8b cannot be split over 3 devices" },
        { "model that does not fit", ["run", "--model", "llama-3.1-405b"], "does not fit on h100-sxm" },
        { "missing trace", ["run", "--trace", "no-such.csv"], "no-such.csv: cannot be opened" },
        { "standard input twice", ["run", "--trace", "-", "--check-determinism"], "--check-determinism reads the trace twice" },
        { "empty batch", ["cost"], "nothing to compute" },
        { "bad members of a batch", ["cost", "--decode", "3", "--prefill", "5@"], "--decode 3: must be COUNTxCONTEXT" },
        { "slice without a change", ["trace", "slice", "x.csv"], "nothing to do" },
        { "missing trace of a trace command", ["trace", "info", "no-such.csv"], "no-such.csv: cannot be opened" },
        { "missing plug-in", ["policies", "list", "--plugin", "no-such.dll"], "--plugin no-such.dll: cannot be loaded" },
    };

    [Theory, MemberData(nameof(UsageErrors))]
    public void A_usage_error_ends_with_code_2_and_a_message_on_stderr(string because, string[] args, string message)
    {
        var (code, output, error) = Run(args);
        Assert.True(code == 2 && output.Length == 0 && error.Contains(message, StringComparison.Ordinal), $"{because}: {code} {output} {error}");
    }

    public static TheoryData<string, Exception?, int, string> Endings => new()
    {
        { "nothing thrown", null, 0, "" },
        { "bad input, two problems", new InputException(["a is bad", "b is bad"]), 2, "error: a is bad\nerror: b is bad\n" },
        { "a policy broke a rule", new PolicyFault("sample", 1, SimTime.Zero, 4, "no blocks"), 3, "error: policy 'sample' on instance 1 at 0.000000000 s, request 4: no blocks\n" },
        { "interrupted", new OperationCanceledException(), 130, "warning: interrupted\n" },
        { "a defect", new InvalidOperationException("oops"), 70, "internal error: InvalidOperationException: oops\ninternal error: this is a defect of the program; run again with --verbose for the stack\n" },
    };

    [Theory, MemberData(nameof(Endings))]
    public void Every_ending_has_its_exit_code(string because, Exception? thrown, int code, string error)
    {
        using var app = Host(out _, out var diagnostics);
        Assert.True(code == ExitCode.Guard(app, () => thrown is null ? 0 : throw thrown), because);
        Assert.Equal(error, diagnostics.ToString());
    }

    [Fact]
    public void Verbose_shows_the_stack_of_a_defect_and_quiet_hides_warnings()
    {
        using var verbose = Host(out _, out var stack);
        verbose.IsVerbose = true;
        Assert.Equal(70, ExitCode.Guard(verbose, () => throw new InvalidOperationException("oops")));
        Assert.Contains("at ServeSim.", stack.ToString(), StringComparison.Ordinal);

        using var quiet = Host(out _, out var silence);
        quiet.IsQuiet = true;
        quiet.Log.Warning("not shown");
        Assert.Equal("", silence.ToString());
    }

    [Fact]
    public void Names_are_completed()
    {
        var (code, output, _) = Run("[suggest:14]", "policies show ");
        Assert.Equal(0, code);
        Assert.Contains("sample-router", output, StringComparison.Ordinal);
        Assert.Contains("sample-bare", Run("[suggest:21]", "run --policy sample-b").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_result_has_a_plain_form_and_json()
    {
        Assert.Contains("llama-3.1-8b ", Run("models").Output, StringComparison.Ordinal);
        Assert.Contains("h100-sxm ", Run("gpus").Output, StringComparison.Ordinal);
        Assert.Contains("iteration: ", Run("cost", "--prefill", "2x512@128", "--decode", "32x1024").Output, StringComparison.Ordinal);
        foreach (var command in (string[])["models", "gpus", "cost --decode 4x100", "policies list", "run --limit 20"])
            JsonDocument.Parse(Run([.. command.Split(' '), "--json"]).Output).Dispose();
    }

    /// <summary>A change of the help is a change of the interface: look at the difference, then run with SERVESIM_APPROVE=1.</summary>
    [Fact]
    public void Help_is_as_approved()
    {
        var text = new StringBuilder();
        foreach (var command in (string[])["", "run", "trace", "trace info", "trace convert", "trace slice", "policies", "policies list", "policies show", "models", "gpus", "cost", "cost predict", "cost validate", "calibrate", "validate"])
            text.Append("$ servesim ").Append(command).Append(command.Length > 0 ? " " : "").Append("--help\n")
                .Append(Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Output);
        var actual = string.Join('\n', text.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()));
        var file = Path.Combine(RepositoryRoot(), "tests", "ServeSim.Tests", "Cli", "help.approved.txt");
        if (Environment.GetEnvironmentVariable("SERVESIM_APPROVE") == "1") File.WriteAllText(file, actual);
        Assert.Equal(File.ReadAllText(file), actual);
    }

    private static string RepositoryRoot()
    {
        var folder = System.AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Simulator.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using var app = Host(out var output, out var error);
        var code = SimulatorApp.Run(args, app);
        return (code, output.ToString(), error.ToString());
    }

    private static ServeSim.Cli.AppContext Host(out StringWriter output, out StringWriter error)
    {
        (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        return new ServeSim.Cli.AppContext(output, error, false, false, Samples.Types);
    }
}
