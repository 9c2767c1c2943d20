using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;
using ServeSim.CostModels.Roofline;

namespace ServeSim.CostModels.Calibration.Prediction;

/// <summary>Predicts single kernels, operators of a layer, collectives and whole iterations, row by row of a grid.</summary>
public sealed class GridPredictor(CoefficientSet set, bool overlay = true)
{
    private static readonly string[] _tasks = ["gemm", "attn_decode", "attn_prefill", "attn_mixed", "layer_op", "iteration", "comm", "moe"];

    private readonly Dictionary<(string, string), CalibratedLaws> _laws = [];
    private readonly Dictionary<(string, string, int, string), CalibratedCostModel> _models = [];
    private readonly SortedDictionary<string, string> _iterationNotes = new(StringComparer.Ordinal);

    /// <summary>Columns that a grid may have; those that a task does not need may be blank.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        "id", "task", "split", "gpu", "engine", "model", "dtype", "tp", "op", "m", "n", "k", "q_heads", "kv_heads", "head_dim", "batch", "chunk", "past",
        "n_decode", "ctx", "ranks", "topology", "bytes", "hidden", "inter", "topk", "experts", "gated", "moe_tp", "moe_ep", "dist",
    ];

    /// <summary>What a reader of the predictions must know of devices without a profile, for the rows predicted so far.</summary>
    public IReadOnlyList<string> Notes => [.. _laws.OrderBy(item => item.Key.Item2, StringComparer.Ordinal).ThenBy(item => item.Key.Item1, StringComparer.Ordinal).SelectMany(item => GridNotes.Of(AcceleratorCatalog.Get(item.Key.Item2), item.Value)), .. _iterationNotes.Values];

    /// <summary>Microseconds of a row.</summary>
    /// <exception cref="InputException">The row cannot be predicted; the message names the field.</exception>
    public double Microseconds(ProfileTable grid, int row)
    {
        var at = new GridRow(grid, row);
        var time = at.Text("task") switch
        {
            "gemm" => Gemm(at),
            "attn_decode" => Laws(at).DecodeMicro().Microseconds(Heads(at), at.Number("n_decode"), at.Number("n_decode") * at.Number("ctx"), at.Number("ctx"), Laws(at).Rates),
            "attn_prefill" => Laws(at).Prefill().Microseconds(Heads(at), PrefillWork.Of(at.Number("chunk"), at.Number("past", 0), at.Number("batch", 1)), Laws(at).Rates),
            "attn_mixed" => Mixed(at),
            "layer_op" => LayerOp(at),
            "iteration" => Iteration(at),
            "comm" => Collective(at),
            "moe" => Experts(at),
            "" => throw new InputException($"task is blank; known: {string.Join(", ", _tasks)}"),
            var task => throw new InputException($"unknown task \"{task}\"; {Suggestion.For(task, _tasks)}"),
        };
        return double.IsFinite(time) && time > 0 ? time : throw new InputException("nothing to compute");
    }

    private double Gemm(in GridRow at)
    {
        var (laws, format) = (Laws(at), Format(at));
        var isNarrow = format == NumberFormat.Fp8;
        return laws.GemmMicro(format).Microseconds(at.Number("m"), at.Number("n"), at.Number("k"), isNarrow ? 1 : 2, isNarrow ? 4 : 2, laws.RatesOf(format));
    }

    private double Mixed(in GridRow at)
    {
        var laws = Laws(at);
        var (heads, rates) = (Heads(at), laws.Rates);
        double n = at.Number("n_decode", 0), context = at.Number("ctx", 0), chunk = at.Number("chunk", 0);
        if (chunk == 0) return n == 0 ? 0 : laws.Decode().Microseconds(heads, n, n * context, context, rates);
        var work = PrefillWork.Of(chunk, at.Number("past", 0));
        if (laws.Mixed() is { } both) return both.Microseconds(heads, work, n, n * context, context, rates);
        var (prefill, decode) = (laws.Prefill(), laws.Decode());
        return prefill.Microseconds(heads, work, rates)
            + (n == 0 ? 0 : decode.Microseconds(heads, n, n * context, context, rates) - Math.Min(prefill.StartMicroseconds, decode.StartMicroseconds));
    }

    private double LayerOp(in GridRow at)
    {
        var (laws, model, tensor, m) = (Laws(at), Model(at), at.Whole("tp", 1), at.Whole("m", -1));
        if (m < 0) throw new InputException("m is missing");
        new ParallelLayout(tensor, 1).Validate(model, Gpu(at));
        return LayerOp(laws, Gpu(at).Name, model, tensor, at.Text("op"), m, Format(at));
    }

    /// <summary>One operator of one layer.</summary>
    internal double LayerOp(CalibratedLaws laws, string gpu, ModelSpec model, int tensor, string name, int m, NumberFormat format = NumberFormat.Bf16)
    {
        var op = LayerOps.Find(model, tensor, name, laws.Stack == "sarathi")
            ?? throw new InputException($"{model.Name} has no operator \"{name}\" in the stack {laws.Stack}; {Suggestion.For(name, LayerOps.Names)}");

        // Profiles of single layers read small weights from the cache; a model that runs never does.
        var isCached = laws.Stack == "vllm" && name != "lm_head" && LayerOps.StayInCache(model, tensor, laws.Rates.L2Bytes);
        var residuals = overlay && set.OverlayHelps(laws.Stack) ? new ResidualOverlay(set, laws.Stack, gpu, model.Name, tensor) : null;
        var isCovered = residuals?.Covers(op.Name, m) == true;
        var gemm = isCovered ? laws.Gemm(format).WithoutTiles() : laws.Gemm(format);
        var time = op.Kind switch
        {
            KernelKind.Gemm when isCached => laws.GemmInCache().Microseconds(m, op.Columns, op.Inner, 2, 2, laws.Rates),
            KernelKind.Gemm => gemm.Microseconds(m, op.Columns, op.Inner, format == NumberFormat.Fp8 ? 1 : 2, format == NumberFormat.Fp8 ? 4 : 2, laws.RatesOf(format)),
            KernelKind.Sampler => laws.SamplerMicroseconds(m),
            _ => laws.ElementWise(name).Microseconds(op.Bytes(m), laws.Rates),
        };
        return isCovered ? time * residuals!.Factor(op.Name, m) : time;
    }

    /// <summary>Laws of a device in a software stack.</summary>
    internal CalibratedLaws Laws(string stack, AcceleratorSpec gpu)
    {
        if (!_laws.TryGetValue((stack, gpu.Name), out var laws)) laws = _laws[(stack, gpu.Name)] = new(set, stack, gpu);
        return laws;
    }

    /// <summary>A whole iteration; the columns of a grid, task left out.</summary>
    internal double IterationMicroseconds(ProfileTable table, int row) => Iteration(new(table, row));

    /// <summary>An attention call with prompt tokens, decodes or both; the columns of a grid, task left out.</summary>
    internal double MixedMicroseconds(ProfileTable table, int row) => Mixed(new(table, row));

    private double Iteration(in GridRow at)
    {
        var (gpu, model, tensor) = (Gpu(at), Model(at), at.Whole("tp", 1));
        var format = at.Text("dtype");
        var key = (gpu.Name, model.Name, tensor, format);
        if (!_models.TryGetValue(key, out var cost))
        {
            cost = _models[key] = new(model, gpu, new(tensor, 1), CostOptions.KernelsOnly with
            {
                Coefficients = set, Collectives = false, Overlay = overlay && set.OverlayHelps("vllm"), GraphPadding = false,
                Precision = format.Length == 0 ? PrecisionProfile.Bf16 : PrecisionProfile.Parse(format),
            });
        }

        if (cost.Info.KnownError.Contains("scaled from its family", StringComparison.Ordinal) || cost.Info.KnownError.Contains("each profiled device", StringComparison.Ordinal))
            _iterationNotes[Gpu(at).Name] = $"{Gpu(at).Name}, iterations: {cost.Info.KnownError}";
        int chunk = at.Whole("chunk", 0), past = at.Whole("past", 0), n = at.Whole("n_decode", 0), context = at.Whole("ctx", 0);
        var spans = new SequenceSpan[n + (chunk > 0 ? 1 : 0)];
        Array.Fill(spans, new(1, Math.Max(0, context - 1), true));
        if (chunk > 0) spans[^1] = new(chunk, past, false);
        return cost.IterationMicroseconds(new()
        {
            PrefillTokens = chunk,
            PrefillSequences = chunk > 0 ? 1 : 0,
            PrefillPairs = ((long)chunk * past) + ((long)chunk * (chunk + 1) / 2),
            PrefillContextTokens = chunk > 0 ? past + (long)chunk : 0,
            CompletedPrefills = chunk > 0 ? 1 : 0,
            DecodeSequences = n,
            DecodeContextTokens = n * (long)Math.Max(0, context - 1),
            Sequences = spans,
        });
    }

    private double Collective(in GridRow at)
    {
        var (op, topology, engine) = (at.Text("op"), at.Text("topology"), at.Text("engine"));
        int ranks = at.Whole("ranks", 2), perNode = at.Whole("batch", ranks);
        var volume = CollectiveLaw.Volume(op, ranks, at.Number("bytes"));
        var name = topology.Split('/')[0];
        foreach (var device in (string[])[topology, .. DeviceFamily.SiblingsOf(name).Select(sibling => sibling + "/node")])
        {
            foreach (var share in (int[])[perNode, ranks])
            {
                if (set.Find("vllm", device, string.Create(CultureInfo.InvariantCulture, $"{op}/{engine}/{ranks}/{share}")) is { } entry)
                    return CollectiveLaw.Of(entry.Values).Microseconds(volume);
            }
        }

        if (AcceleratorCatalog.Find(name) is { } gpu) return new CalibratedLaws(set, "vllm", gpu).LinkLaw(ranks).Microseconds(volume);
        throw new InputException($"no measured {op} of {ranks} ranks ({perNode} a node, {engine}) on \"{topology}\"");
    }

    private double Experts(in GridRow at)
    {
        var (laws, format) = (Laws(at), Format(at));
        var layer = new ExpertLayer(at.Number("hidden"), at.Number("inter") / at.Number("moe_tp", 1), at.Number("topk"), at.Number("experts"),
            at.Number("gated", 1) > 0 ? 3 : 2, at.Number("moe_ep", 1), at.Number("moe_tp", 1));
        if (layer.PerToken < 1 || layer.PerToken > layer.Experts) throw new InputException($"topk is {layer.PerToken} of {layer.Experts} experts; allowed: 1 to {layer.Experts}");
        if (layer.ExpertRanks < 1 || layer.Experts % layer.ExpertRanks != 0) throw new InputException($"moe_ep is {layer.ExpertRanks}; {layer.Experts} experts cannot be shared by so many ranks");
        var routing = at.Text("dist") is "balanced" or "" ? ExpertRouting.Balanced : ExpertRouting.Skewed;
        return laws.ExpertsMicro(format).Microseconds(layer, at.Number("m"), routing, format == NumberFormat.Fp8 ? 1 : 2, laws.RatesOf(format), TunedExperts.Has(Gpu(at).Name, layer));
    }

    private CalibratedLaws Laws(in GridRow at)
    {
        var stack = at.Text("engine").StartsWith("sarathi", StringComparison.OrdinalIgnoreCase) ? "sarathi" : "vllm";
        return Laws(stack, Gpu(at));
    }

    private static AttentionShape Heads(in GridRow at)
    {
        var (query, kv, size) = (at.Number("q_heads"), at.Number("kv_heads"), at.Number("head_dim"));
        if (query < 1 || kv < 1 || size < 1 || kv > query) throw new InputException($"q_heads, kv_heads and head_dim are {query}, {kv} and {size}; allowed: 1 or more, and at most as many KV heads as query heads");
        return new(query, kv, size);
    }

    private static AcceleratorSpec Gpu(in GridRow at) => AcceleratorCatalog.Get(at.Given("gpu"));

    private static ModelSpec Model(in GridRow at) => ModelCatalog.Get(at.Given("model"));

    private static NumberFormat Format(in GridRow at) => at.Text("dtype") switch
    {
        "" or "bf16" or "fp16" => NumberFormat.Bf16,
        "fp8" => NumberFormat.Fp8,
        var other => throw new InputException($"dtype is \"{other}\"; allowed: bf16, fp8"),
    };
}
