using System.CommandLine;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;
using ServeSim.Workloads.Synthetic;

namespace ServeSim.Cli.Commands;

/// <summary>
/// The flags that are short for a key of the scenario. They hold text: types and ranges are checked where those of the file are.
/// </summary>
internal sealed class ScenarioFlags
{
    private readonly List<(Option<string?> Flag, string Path)> _values = [];
    private readonly List<(Option<bool> Flag, string Path)> _switches = [];
    private readonly Option<string?> _slo = new("--slo") { HelpName = "LIMITS", Description = "Latency limits, such as ttft=2s,tbt=100ms, or a preset such as mlperf:llama-3.1-8b/server; none for none." };
    private readonly Option<string[]> _set = new("--set") { HelpName = "KEY=VALUE", Description = "Set one key of the scenario, such as policy.tokenBudget=1024; may be given several times and wins over the flags." };

    public ScenarioFlags(AppContext app)
    {
        Value("--trace", "FILE", "Trace file, - for standard input; without one a bundled trace is replayed.", "trace.path");
        Value("--format", "NAME", "Trace format; auto looks at the first line.", "trace.format").CompletionSources.Add(_ => TraceFile.Formats.Prepend("auto"));
        Value("--arrivals", "SPEC", "Arrivals: trace, poisson:R, gamma:R,CV, weibull:R,CV, constant:R or burst:PERIOD.", "trace.arrivals");
        Value("--rate-scale", "X", "Arrivals per second times X.", "trace.rateScale");
        Value("--window", "A..B", "Part of the trace, in seconds.", "trace.window");
        Value("--limit", "N", "At most N requests.", "trace.limit");
        Value("--clients", "N", "Clients that each keep one request open, instead of the trace's times.", "clients.count");
        Value("--lengths", "SPEC", "Lengths that clients draw: INPUT/OUTPUT with constant:N, uniform:A..B, exponential:MEAN or lognormal:MEDIAN,MEAN, or a preset.", "clients.lengths")
            .CompletionSources.Add(_ => LengthPair.Presets);
        Switch("--strict", "Unknown columns and keys of the trace are errors.", "trace.strict");
        Value("--model", "NAME", "Model; see servesim models.", "model").CompletionSources.Add(_ => ModelCatalog.All.Select(m => m.Name));
        Value("--gpu", "NAME", "GPU; see servesim gpus.", "gpu").CompletionSources.Add(_ => AcceleratorCatalog.All.Select(g => g.Name));
        Value("--precision", "NAME", "Number formats: bf16, fp8, fp8-block, int8, int4 and others, or native; +kv-fp8, +kv-int8 or +kv-int4 for the cache.", "precision")
            .CompletionSources.Add(_ => PrecisionProfile.All.Select(p => p.Name).Append("native"));
        Value("--tp", "N", "GPUs that share every layer of an instance.", "parallel.tensor");
        Value("--pp", "N", "Pipeline stages of an instance.", "parallel.pipeline");
        Value("--instances", "N", "Instances behind the router.", "instances");
        Named(Value("--policy", "NAME", "Batching policy; see servesim policies list.", "policy.name"), app, PolicyKind.Policy);
        Named(Value("--router", "NAME", "Router.", "router.name"), app, PolicyKind.Router);
        Named(Value("--predictor", "NAME", "Length predictor.", "predictor.name"), app, PolicyKind.Predictor);
        Value("--cost", "SPEC", "Cost model: roofline, or linear:c0,c1,c2,c3,c4 in milliseconds.", "cost");
        Value("--coefficients", "FILE", "Constants from servesim calibrate instead of the shipped ones.", "coefficients");
        Value("--engine", "NAME", "Executor: fast (default) or plain; results do not depend on it.", "engine.kind").CompletionSources.Add("plain", "fast");
        Switch("--audit", "Ask policies that promised to hold their plan all the same; a broken promise is a policy fault.", "engine.audit");
        Value("--price", "USD", "Price of a GPU and an hour; without it no money is reported.", "price.usdPerGpuHour");
        Value("--power", "SPEC", "Power curve of the GPU: auto, none, phase, mfu, logistic, linear or traffic, with numbers after a colon.", "power.model");
        Value("--seed", "N", "Seed of every random stream.", "seed");
        Value("--warmup", "TIME", "Do not count requests that arrive before this, such as 60s.", "metrics.warmup");
        Switch("--exact", "Exact percentiles; memory grows with the trace.", "metrics.exact");
    }

    public void AddTo(Command command)
    {
        foreach (var (flag, _) in _values) command.Add(flag);
        foreach (var (flag, _) in _switches) command.Add(flag);
        command.Add(_slo);
        command.Add(_set);
    }

    /// <summary>What was given, flags before <c>--set</c>.</summary>
    public IReadOnlyList<ScenarioOverride> Read(ParseResult parsed)
    {
        var given = new List<ScenarioOverride>();
        foreach (var (flag, path) in _values)
        {
            if (parsed.GetValue(flag) is { } value) given.Add(new ScenarioOverride(path, value, $"{flag.Name} {value}"));
        }

        foreach (var (flag, path) in _switches)
        {
            if (parsed.GetValue(flag)) given.Add(new ScenarioOverride(path, "true", flag.Name));
        }

        if (parsed.GetValue(_slo) is { } slo) given.Add(new ScenarioOverride("slo", slo, $"--slo {slo}"));
        given.AddRange((parsed.GetValue(_set) ?? []).Select(s => ScenarioOverride.Parse(s)));
        return given;
    }

    private Option<string?> Value(string name, string helpName, string description, string path)
    {
        var flag = new Option<string?>(name) { HelpName = helpName, Description = description };
        _values.Add((flag, path));
        return flag;
    }

    private void Switch(string name, string description, string path) => _switches.Add((new Option<bool>(name) { Description = description }, path));

    private static void Named(Option<string?> flag, AppContext app, PolicyKind kind) => flag.CompletionSources.Add(_ => app.Catalog.Names(kind));
}
