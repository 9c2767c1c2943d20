using System.Globalization;
using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Experiments.Validation;

/// <summary>
/// The configuration beside a log, setting by setting. Each is mapped to a key of the scenario or to an assumption that
/// the report states; a setting that is not known is an error, because it may change what the engine did.
/// </summary>
public sealed class EngineLogConfig
{
    private readonly List<string> _problems = [];
    private readonly string _file;

    private EngineLogConfig(string file) => _file = file;

    /// <summary>Keys of the scenario that the configuration fixes.</summary>
    public List<ScenarioOverride> Overrides { get; } = [];

    public string Engine { get; private set; } = "";

    /// <summary>Replicas of the attention part.</summary>
    public int DataParallel { get; private set; } = 1;

    /// <summary>Devices that share the experts.</summary>
    public int ExpertParallel { get; private set; } = 1;

    /// <summary>True if the host prepares an iteration beside the one before: as stated, otherwise as the version does by default.</summary>
    public bool AsyncScheduling => StatedAsyncScheduling ?? (Engine.StartsWith("vllm-", StringComparison.Ordinal) && IsAsyncByDefault(Engine));

    /// <summary>What the configuration says of it, or null.</summary>
    public bool? StatedAsyncScheduling { get; private set; }

    /// <summary>Stated bandwidth between the devices.</summary>
    public double? LinkGigabytesPerSecond { get; private set; }

    public double? LinkMicroseconds { get; private set; }

    /// <summary>Reads the file beside a log.</summary>
    /// <exception cref="InputException">It is missing, or holds settings that are unknown or not supported; all are listed.</exception>
    public static EngineLogConfig ReadBeside(string log)
    {
        var file = (log.EndsWith(EngineLog.Suffix, StringComparison.Ordinal) ? log[..^EngineLog.Suffix.Length] : Path.ChangeExtension(log, null)) + ".config.json";
        if (!File.Exists(file)) throw new InputException($"{log}: its configuration {file} is missing; it must name gpu, model, engine and the engine's limits");
        return Parse(file, File.ReadAllText(file));
    }

    /// <summary>Takes a configuration apart.</summary>
    /// <exception cref="InputException">Settings are unknown or not supported; all are listed.</exception>
    public static EngineLogConfig Parse(string file, string text)
    {
        var config = new EngineLogConfig(file);
        config.Set("policy.name", "vllm-v1", file);
        try
        {
            using var document = JsonDocument.Parse(text);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!seen.Add(property.Name)) config._problems.Add($"{file}: {property.Name} is given twice");
                config.Take(property.Name, property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText());
            }

            foreach (var needed in (string[])["gpu", "model", "engine"])
            {
                if (!seen.Contains(needed)) config._problems.Add($"{file}: {needed} is missing");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{file}: is not a JSON object: {e.Message}");
        }

        if (config.ExpertParallel > 1 && config.ExpertParallel != config.DataParallel)
            config._problems.Add($"{file}: ep {config.ExpertParallel} with dp {config.DataParallel} is not supported; experts can be shared by the data-parallel replicas only");
        if (config._problems.Count > 0) throw new InputException(config._problems);
        return config;
    }

    private void Take(string name, string value)
    {
        switch (name)
        {
            case "gpu": Set("gpu", value, name); break;
            case "model": Set("model", value, name); break;
            case "tp": Set("parallel.tensor", value, name); break;
            case "pp": Set("parallel.pipeline", value, name); break;
            case "max_num_seqs": Set("policy.maxSequences", value, name); break;
            case "max_num_batched_tokens": Set("policy.tokenBudget", value, name); break;
            case "chunked_prefill": Set("policy.chunkedPrefill", value, name); break;
            case "kv_block_size": Set("kv.blockSize", value, name); break;
            case "kv_blocks": Set("kv.blocks", value, name); break;
            case "gpu_memory_utilization": Set("kv.memoryFraction", value, name); break;
            case "max_model_len": Set("engine.maxContextTokens", value, name); break;
            case "dp":
                Set("instances", value, name);
                DataParallel = (int)Number(name, value);
                if (DataParallel > 1) Set("router.name", "least-outstanding", name);    // as the engine's own balancer
                break;
            case "ep": ExpertParallel = (int)Number(name, value); break;
            case "async_scheduling": StatedAsyncScheduling = value == "true" || (value != "false" && Problem(name, value, "true or false")); break;
            case "link_GBs": LinkGigabytesPerSecond = Number(name, value); break;
            case "link_latency_us": LinkMicroseconds = Number(name, value); break;
            case "engine":
                Engine = value;
                if (!value.StartsWith("vllm-", StringComparison.Ordinal)) Problem(name, value, "vllm-… (the policy that stands in for it is vllm-v1)");
                break;
            case "dtype":
                if (value is "bf16" or "fp8") Set("precision", value, name);
                else Problem(name, value, "bf16 or fp8");
                break;
            default:
                _problems.Add($"{_file}: {name} is not a known setting; {Suggestion.For(name, Known)}");
                break;
        }
    }

    /// <summary>vLLM schedules asynchronously by default since 0.14.</summary>
    private static bool IsAsyncByDefault(string engine) =>
        Version.TryParse(engine["vllm-".Length..], out var version) && version >= new Version(0, 14);

    private static readonly string[] Known =
    [
        "gpu", "model", "engine", "dtype", "tp", "pp", "dp", "ep", "max_num_seqs", "max_num_batched_tokens", "chunked_prefill", "kv_block_size",
        "kv_blocks", "gpu_memory_utilization", "max_model_len", "async_scheduling", "link_GBs", "link_latency_us",
    ];

    private void Set(string key, string value, string origin) => Overrides.Add(new(key, value, $"{_file}: {origin}"));

    private double Number(string name, string value)
    {
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number >= 0) return number;
        Problem(name, value, "a number from 0 up");
        return 1;
    }

    private bool Problem(string name, string value, string allowed)
    {
        _problems.Add($"{_file}: {name} is {value}; supported: {allowed}");
        return false;
    }
}
