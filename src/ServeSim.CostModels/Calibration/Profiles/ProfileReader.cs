using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Calibration.Laws;

namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>Turns profile files into measurements; tells their kind by their columns.</summary>
internal sealed class ProfileReader
{
    private const int MaxProblems = 20;
    private static readonly (string Kind, string[] Columns)[] _kinds =
    [
        ("experts", ["gpu", "dtype", "m", "hidden", "inter", "topk", "experts", "gated", "moe_tp", "moe_ep", "dist", "us"]),
        ("collectives", ["topology", "engine", "op", "ranks", "devices_per_node", "bytes", "us"]),
        ("mixed attention", ["gpu", "q_heads", "kv_heads", "head_dim", "chunk", "past", "n_decode", "ctx", "us"]),
        ("prefill attention", ["gpu", "q_heads", "kv_heads", "head_dim", "batch", "chunk", "us"]),
        ("decode attention", ["gpu", "q_heads", "kv_heads", "head_dim", "n_decode", "ctx", "us"]),
        ("gemm", ["gpu", "dtype", "m", "n", "k", "us"]),
        ("layer operators", ["gpu", "model", "tp", "op", "m", "us"]),
        ("layer operators, one column each", ["gpu", "model", "tp", "m", "qkv", "o", "up", "down"]),
    ];

    // Assembled from other files, or without the sizes that a law needs: known, but not fitted.
    private static readonly (string Kind, string[] Columns)[] _unused =
    [
        ("iterations, assembled from other measurements", ["gpu", "model", "tp", "chunk", "past", "n_decode", "ctx", "ms"]),
        ("experts forced active", ["m", "activated_experts", "us", "gpu", "model"]),
    ];

    private readonly List<string> _problems = [];
    private readonly List<string> _notes = [];
    private readonly List<Measurement> _measurements = [];
    private readonly Dictionary<(string, int, string, bool), RowOperator?> _operators = [];
    private readonly Dictionary<(string, string, int), bool> _cached = [];
    private readonly SortedDictionary<string, (int Count, int Line)> _impossible = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknownModels = new(StringComparer.Ordinal);

    public IReadOnlyList<Measurement> Measurements => _measurements;

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <exception cref="InputException">Files that cannot be used, with all their problems.</exception>
    public void Throw()
    {
        if (_problems.Count > 0) throw new InputException(_problems);
    }

    public void Read(ProfileTable table)
    {
        if (CaptureReader.Is(table))
        {
            foreach (var (row, rowKind) in CaptureReader.Rows(table, _notes, _problems)) ReadRow(table, row, rowKind);
            NoteImpossible(table);
            return;
        }

        foreach (var (kind, columns) in _unused)
        {
            if (columns.Except(table.Header).Any()) continue;
            _notes.Add($"{table.File}: {table.Count} rows of {kind}: not fitted");
            return;
        }

        var match = Array.FindIndex(_kinds, kind => !kind.Columns.Except(table.Header).Any());
        if (match < 0)
        {
            var (kind, columns) = _kinds.MinBy(kind => kind.Columns.Except(table.Header).Count());
            _problems.Add($"{table.File}: the columns fit no kind of profile; nearest is {kind}, which also needs {string.Join(", ", columns.Except(table.Header))}");
            return;
        }

        var before = _problems.Count;
        var skippedL2 = 0;
        for (var row = 0; row < table.Count && _problems.Count - before < MaxProblems; row++)
        {
            // Keys and values that stay in the last-level cache between repetitions say nothing about a model of many layers.
            if (table.Text(row, "l2") == "1") skippedL2++;
            else ReadRow(table, row, _kinds[match].Kind);
        }

        NoteImpossible(table);
        if (_problems.Count - before >= MaxProblems) _problems.Add($"{table.File}: further problems are not listed");
        if (skippedL2 > 0) _notes.Add($"{table.File}: {skippedL2} rows whose KV stays in the cache (l2 = 1): excluded");
    }

    private void NoteImpossible(ProfileTable table)
    {
        foreach (var (device, (count, line)) in _impossible)
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{table.File}: {count} rows of {device}, the first in line {line}, imply more than 105 % of its FLOP rate or bandwidth (operands in a cache, another unit than microseconds, or another GPU?): excluded"));
        }

        _impossible.Clear();
    }

    private void ReadRow(ProfileTable t, int row, string kind)
    {
        var isCapture = CaptureReader.Is(t);
        var device = kind != "collectives" ? t.Text(row, "gpu") : isCapture ? t.Text(row, "gpu") + "/node" : t.Text(row, "topology");
        switch (kind)
        {
            case "gemm":
                if (Numbers(t, row, "us", "m", "n", "k") is { } g && Precise(t, row, "gemm") is { } gemm)
                    Add(t, row, "vllm", device, gemm, g[1..], Shape(g[2], g[3]), g[0]);
                break;
            case "decode attention":
                if (Numbers(t, row, "us", "q_heads", "kv_heads", "head_dim", "n_decode", "ctx") is { } d)
                    Add(t, row, "vllm", device, "attention-decode", d[1..], Shape(d[1], d[2], d[3]), d[0]);
                break;
            case "prefill attention":
                if (Numbers(t, row, "us", "q_heads", "kv_heads", "head_dim", "batch", "chunk") is { } p)
                    Add(t, row, "vllm", device, "attention-prefill", [.. p[1..], t.Number(row, "past") ?? 0], Shape(p[1], p[2], p[3]), p[0]);
                break;
            case "mixed attention":
                if (Numbers(t, row, "us", "q_heads", "kv_heads", "head_dim", "chunk", "past", "n_decode", "ctx") is { } x)
                {
                    if (x[4] > 0) Add(t, row, "vllm", device, "attention-mixed", x[1..], Shape(x[4], x[5]), x[0]);
                    else Add(t, row, "vllm", device, "attention-decode-engine", [x[1], x[2], x[3], x[6], x[7]], Shape(x[6]), x[0]);
                }

                break;
            case "experts":
                if (Numbers(t, row, "us", "m", "hidden", "inter", "topk", "experts", "gated", "moe_tp", "moe_ep") is { } e)
                {
                    if (Precise(t, row, "experts") is not { } op) break;
                    var layer = new ExpertLayer(e[2], e[3] / e[7], e[4], e[5], e[6] > 0 ? 3 : 2, e[8], e[7]);
                    Add(t, row, "vllm", device, op,
                        [e[1], layer.Hidden, layer.FfnSize, layer.PerToken, layer.Experts, layer.Matrices, layer.ExpertRanks, t.Text(row, "dist") is "balanced" or "" ? 0 : 1,
                            op == "experts-fp8" ? 1 : 2, layer.Split, TunedExperts.Has(device, layer) ? 1 : 0],
                        Shape(e[2], e[3], e[5]), e[0]);
                }

                break;
            case "collectives":
                if (Numbers(t, row, "us", "ranks", "devices_per_node", "bytes") is { } c && c[3] <= 512e6)
                {
                    // A capture times the ranks of one host, however many more it has.
                    if (isCapture) c[2] = c[1];
                    var (op, ranks) = (t.Text(row, "op"), (int)c[1]);
                    Add(t, row, "vllm", device, string.Create(CultureInfo.InvariantCulture, $"{op}/{(isCapture ? "nccl" : t.Text(row, "engine"))}/{ranks}/{(int)c[2]}"),
                        [CollectiveLaw.Volume(op, ranks, c[3])], Shape(c[3]), c[0]);
                }

                break;
            case "layer operators":
                if (Numbers(t, row, "us", "tp", "m") is { } l) LayerOp(t, row, "vllm", device, t.Text(row, "op"), (int)l[1], l[2], l[0]);
                break;
            default:
                if (Numbers(t, row, "m", "tp") is not { } s) break;
                foreach (var name in LayerOps.Names)
                {
                    if (t.Has(name) && t.Text(row, name).Length > 0 && Numbers(t, row, name) is { } us)
                        LayerOp(t, row, "sarathi", device, name, (int)s[1], s[0], us[0]);
                }

                break;
        }
    }

    private void LayerOp(ProfileTable t, int row, string stack, string device, string name, int tensor, double m, double us)
    {
        var modelName = t.Text(row, "model");
        var key = (modelName, tensor, name, stack == "sarathi");
        if (!_operators.TryGetValue(key, out var op))
        {
            var model = ModelCatalog.Find(modelName);
            if (model is null && _unknownModels.Add(modelName)) _notes.Add($"{t.File}: the model \"{modelName}\" is not in the catalogue: its rows are excluded");
            op = _operators[key] = model is null ? null : LayerOps.Find(model, tensor, name, stack == "sarathi");
            if (model is not null && op is null) _notes.Add($"{t.File}: {modelName} has no operator \"{name}\" here: its rows are excluded");
        }

        if (op is null) return;
        var origin = (modelName, tensor, name);
        if (op.Kind == KernelKind.Gemm)
        {
            var isCached = stack == "vllm" && name != "lm_head" && IsCached(t, device, modelName, tensor);
            Add(t, row, stack, device, isCached ? "gemm-bf16-cached" : "gemm-bf16-engine", [m, op.Columns, op.Inner], Shape(op.Columns, op.Inner), us, origin);
        }
        else if (op.Kind == KernelKind.Sampler) Add(t, row, stack, device, "sampler", [m], Shape(m), us, origin);
        else Add(t, row, stack, device, "element-wise:" + name, [op.Bytes((int)m)], Shape(m), us, origin);
    }

    private bool IsCached(ProfileTable t, string device, string model, int tensor)
    {
        if (_cached.TryGetValue((device, model, tensor), out var known)) return known;
        var gpu = AcceleratorCatalog.Find(device);
        var cached = gpu is not null && LayerOps.StayInCache(ModelCatalog.Get(model), tensor, DeviceRates.Of(gpu).L2Bytes);
        if (cached) _notes.Add($"{t.File}: the weights of one layer of {model} (tp {tensor}) stay in the cache of {device}: its GEMMs tell the cache's bandwidth only");
        return _cached[(device, model, tensor)] = cached;
    }

    private void Add(ProfileTable t, int row, string stack, string device, string op, double[] features, string shape, double us,
        (string, int, string)? origin = null)
    {
        if (us <= 0) _problems.Add(string.Create(CultureInfo.InvariantCulture, $"{t.File} line {t.LineOf(row)}: the time is {us}; it must be positive"));
        else if (!op.Contains('/', StringComparison.Ordinal) && AcceleratorCatalog.Find(device) is null)
            _problems.Add($"{t.File} line {t.LineOf(row)}: unknown gpu \"{device}\"; {Suggestion.For(device, AcceleratorCatalog.All.Select(gpu => gpu.Name))}");
        else if (AcceleratorCatalog.Find(device) is { } gpu && PhysicalLimit.Exceeds(op, features, us, gpu))
            _impossible[device] = _impossible.TryGetValue(device, out var seen) ? (seen.Count + 1, seen.Line) : (1, t.LineOf(row));
        else _measurements.Add(new(stack, device, op, features, shape, us, origin));
    }

    private double[]? Numbers(ProfileTable t, int row, params ReadOnlySpan<string> columns)
    {
        var values = new double[columns.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (t.Number(row, columns[i]) is not { } value || (value < 0 && columns[i] != "us"))
            {
                _problems.Add($"{t.File} line {t.LineOf(row)}: {columns[i]} is \"{t.Text(row, columns[i])}\"; it must be a number, not negative");
                return null;
            }

            values[i] = value;
        }

        return values;
    }

    private string? Precise(ProfileTable t, int row, string family)
    {
        var dtype = t.Text(row, "dtype");
        if (dtype is "bf16" or "fp8") return $"{family}-{dtype}";
        _problems.Add($"{t.File} line {t.LineOf(row)}: dtype is \"{dtype}\"; allowed: bf16, fp8 (other formats have no law of their own)");
        return null;
    }

    private static string Shape(params ReadOnlySpan<double> values)
    {
        var text = "";
        foreach (var value in values) text += value.ToString(CultureInfo.InvariantCulture) + "/";
        return text;
    }
}
