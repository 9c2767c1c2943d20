using System.CommandLine;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;

namespace ServeSim.Cli.Commands;

/// <summary>Flags of the trace commands: the keys of a scenario's <c>trace</c> group under the same rules.</summary>
internal sealed class TraceFlags
{
    private readonly Argument<string> _file = new("FILE") { Description = "Trace file, plain or gzip; - for standard input." };
    private readonly List<(Option<string?> Flag, string Key)> _values = [];
    private readonly List<(Option<bool> Flag, string Key)> _switches = [];
    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Seed of sampling and arrivals.", DefaultValueFactory = _ => 1 };

    public TraceFlags(bool transforms)
    {
        Value("--format", "NAME", "Layout; auto looks at the first line.", "format").CompletionSources.Add(_ => TraceFile.Formats.Prepend("auto"));
        Value("--zero-tokens", "drop|error|lift", "Records of 0 tokens.", "zeroTokens").CompletionSources.Add("drop", "error", "lift");
        Value("--order", "error|window:S", "How far out of order arrivals may be.", "order");
        Switch("--strict", "Unknown columns and keys are errors.", "strict");
        Switch("--lenient", "Drop and count records with bad values.", "lenient");
        if (!transforms) return;
        Value("--window", "A..B", "Keep arrivals from A to B, in seconds.", "window");
        Value("--sample", "SHARE", "Keep this share of conversations.", "sample");
        Value("--limit", "N", "Keep the first N records.", "limit");
        Value("--time-scale", "X", "Times times X.", "timeScale");
        Value("--rate-scale", "X", "Load times X.", "rateScale");
        Value("--arrivals", "SPEC", "Replace arrivals: poisson:R, gamma:R,CV, weibull:R,CV, constant:R or burst:PERIOD.", "arrivals");
        Value("--repeat", "N", "Play it N times.", "repeat");
        Value("--gap", "TIME", "Pause between two copies, such as 10s.", "gap");
    }

    public void AddTo(Command command)
    {
        command.Add(_file);
        foreach (var (flag, _) in _values) command.Add(flag);
        foreach (var (flag, _) in _switches) command.Add(flag);
        if (_values.Exists(v => v.Key == "sample")) command.Add(_seed);
    }

    public bool IsAnyGiven(ParseResult parsed) => _values.Exists(v => parsed.GetValue(v.Flag) is not null);

    /// <summary>Opens the trace as asked for.</summary>
    public TracePipeline Open(ParseResult parsed)
    {
        var keys = new ConfigMapping(new ConfigPlace("(flags)"));
        keys.Set("path", new ConfigScalar(parsed.GetRequiredValue(_file), true, new ConfigPlace("FILE")));
        foreach (var (flag, key) in _values)
        {
            if (parsed.GetValue(flag) is { } value) keys.Set(key, new ConfigScalar(value, false, new ConfigPlace($"{flag.Name} {value}")));
        }

        foreach (var (flag, key) in _switches)
        {
            if (parsed.GetValue(flag)) keys.Set(key, new ConfigScalar("true", false, new ConfigPlace(flag.Name)));
        }

        var problems = new Problems();
        var trace = new OptionsBinder(problems).Bind<TraceConfig>(keys, "trace");
        trace.Validate(problems);
        problems.ThrowIfAny();
        return TracePipeline.Open(trace.Path!, trace.ToOptions(parsed.GetResult(_seed) is null ? 1 : parsed.GetValue(_seed)));
    }

    private Option<string?> Value(string name, string helpName, string description, string key)
    {
        var flag = new Option<string?>(name) { HelpName = helpName, Description = description };
        _values.Add((flag, key));
        return flag;
    }

    private void Switch(string name, string description, string key) => _switches.Add((new Option<bool>(name) { Description = description }, key));
}
