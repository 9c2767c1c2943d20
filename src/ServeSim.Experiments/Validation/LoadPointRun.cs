using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.Experiments.Composition;
using ServeSim.Experiments.Scenarios;
using ServeSim.Workloads;

namespace ServeSim.Experiments.Validation;

/// <summary>A load point beside the same load simulated.</summary>
public sealed record LoadPointRun(LoadPoint Point, string ModelName, string Precision, double TtftMilliseconds, double TpotMilliseconds, string CostError)
{
    /// <summary>Requests of each client.</summary>
    private const int Waves = 3;

    public double TtftError => Errors.Relative(TtftMilliseconds, Point.TtftMilliseconds);

    public double TpotError => Errors.Relative(TpotMilliseconds, Point.TpotMilliseconds);

    /// <summary>What every run takes for granted, because the tables do not say it.</summary>
    public static IReadOnlyList<string> Assumptions(ClientStart start) =>
    [
        "engine: vllm-v1 stands in for every engine, 8192 tokens and 1024 sequences an iteration, 90 % of GPU memory, no prefix cache",
        "host: asynchronous scheduling, hidden behind the iteration before unless it takes longer; no tokenizer, network or streaming time",
        "links: those of the cost model for the GPU",
        "data-parallel attention: replicas behind the router least-outstanding, none waits for the fullest",
        "load: each client sends its next request at once; " + (start == ClientStart.Spread
            ? "first requests are cut short by different amounts, so that clients do not move in step, and the second request of each client is measured"
            : "all clients start together and every request is measured"),
        "precision: blank is read as BF16, FP8 without blocks as one scale per tensor (models published in FP8: one per 128 x 128 block); the KV cache is BF16",
        "FP4: NVFP4 with an FP8 cache, or the MXFP4 experts of models that are published so; no FP4 kernel was measured, so these points say nothing about the constants",
    ];

    /// <summary>Why a point cannot be simulated; null if it can as far as its row tells.</summary>
    public static string? WhyNot(LoadPoint point)
    {
        if (point.Mode != "agg") return "disaggregated prefill and decode";
        if (point.Precision is not ("" or "bf16" or "fp8" or "fp4" or "nvfp4")) return $"precision {point.Precision}";
        if (AcceleratorCatalog.Find(point.Gpu) is null) return $"GPU {point.Gpu} is not in the catalogue";
        if (Find(point.Model) is not { } model) return $"model {point.Model} is not in the catalogue";
        if (point.Precision == "fp8" && model.PublishedFormat == WeightFormat.Mxfp4) return "precision fp8 of a model published in MXFP4";
        if (point.ExpertParallel > 1 && point.ExpertTensor > 1) return "experts shared and cut at once";
        if (Math.Max(1, point.AttentionReplicas) is > 1 and var replicas && (point.ExpertParallel != replicas * point.Tensor || point.Pipeline > 1)) return "data-parallel attention with experts spread otherwise";
        if (point.AttentionReplicas <= 1 && point.ExpertParallel > 1 && point.ExpertParallel != point.Tensor) return "expert parallelism unlike the tensor parallelism";
        return point.Clients != Math.Floor(point.Clients) ? "a broken number of clients" : null;
    }

    /// <summary>Runs a point; the reason instead where the model does not fit or cannot be split so.</summary>
    public static (LoadPointRun? Run, string? Reason) TryRun(LoadPoint point, PolicyCatalog catalog, ClientStart start, IReadOnlyList<ScenarioOverride> changes, CancellationToken cancel = default)
    {
        if (WhyNot(point) is { } reason) return (null, reason);
        var model = Find(point.Model)!;
        RunSetup setup;
        try
        {
            ScenarioOverride[] fixedKeys =
            [
                Key("model", model.Name), Key("gpu", point.Gpu), Key("parallel.tensor", point.Tensor), Key("parallel.pipeline", point.Pipeline),
                Key("parallel.expert", Math.Max(1, point.ExpertParallel)), Key("parallel.data", Math.Max(1, point.AttentionReplicas)),
                Key("instances", Math.Max(1, point.AttentionReplicas)), Key("router.name", "least-outstanding"), Key("precision", PrecisionOf(point, model)),
                Key("policy.name", "vllm-v1"), Key("policy.tokenBudget", 8192), Key("policy.maxSequences", 1024), Key("power.model", "none"),
            ];
            var scenario = new ScenarioReader(catalog).ReadDefaults([.. fixedKeys, .. changes]).Scenario;
            setup = new RunSetup(scenario, catalog, CostOptions.Default with { Host = HostMode.Async });
        }
        catch (InputException e) when (Refusal(e.Message, point) is { } refusal)
        {
            return (null, refusal);
        }

        var clients = (int)point.Clients;
        var source = new ClosedLoopTrafficSource(clients, (long)Waves * clients, number => (point.InputTokens,
            start == ClientStart.Spread && number < clients ? Math.Max(1, (int)(point.OutputTokens * (number + 1) / clients)) : point.OutputTokens));
        var observer = new FinishedRequests();
        setup.CreateRun(source, observer).Execute(cancel);
        cancel.ThrowIfCancellationRequested();
        var measured = observer.Finished.Where(r => start == ClientStart.Together || (r.Number >= clients && r.Number < 2L * clients)).ToList();
        if (measured.Count == 0) return (null, "the simulation refused every request");
        return (new(point, model.Name, setup.Scenario.Precision, measured.Average(r => r.Ttft!.Value.Milliseconds), measured.Average(r => r.Tpot?.Milliseconds ?? 0), $"{setup.Cost.Info.KnownError} ({point.Gpu})"), null);
    }

    /// <summary>A model by the name of its checkpoint; organisation and the suffix of a tuned variant do not matter.</summary>
    private static ModelSpec? Find(string checkpoint) => ModelCatalog.All.FirstOrDefault(m => Plain(m.HuggingFaceName) == Plain(checkpoint));

    private static string? Refusal(string message, LoadPoint point)
    {
        if (message.StartsWith("tp:", StringComparison.Ordinal)) return "the model cannot be split so";
        if (message.StartsWith("precision:", StringComparison.Ordinal)) return $"the cost model does not know precision {point.Precision}";
        if (message.StartsWith("ep", StringComparison.Ordinal)) return "the cost model does not know expert parallelism so";
        return message.Contains("does not fit", StringComparison.Ordinal) ? $"the model does not fit in {(point.Precision is "fp8" ? "FP8" : IsFp4(point) ? "FP4" : "BF16")}" : null;
    }

    private static bool IsFp4(LoadPoint point) => point.Precision is "fp4" or "nvfp4";

    private static string PrecisionOf(LoadPoint point, ModelSpec model) => IsFp4(point) ? model.PublishedFormat == WeightFormat.Mxfp4 ? "native" : "nvfp4"
        : point.Precision != "fp8" ? "bf16"
        : point.GemmFormat == "fp8_block" || model.PublishedFormat == WeightFormat.Fp8 ? "fp8-block" : "fp8";

    private static string Plain(string name)
    {
        var plain = name[(name.LastIndexOf('/') + 1)..].ToLowerInvariant();
        if (plain.StartsWith("meta-", StringComparison.Ordinal)) plain = plain["meta-".Length..];
        foreach (var format in (string[])["-fp8", "-nvfp4"])
            if (plain.EndsWith(format, StringComparison.Ordinal)) plain = plain[..^format.Length];
        return plain.EndsWith("-instruct", StringComparison.Ordinal) ? plain[..^"-instruct".Length] : plain;
    }

    private static ScenarioOverride Key(string path, object value) => new(path, Convert.ToString(value, CultureInfo.InvariantCulture)!, "load point");
}
