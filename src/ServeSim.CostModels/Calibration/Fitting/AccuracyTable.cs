using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Errors on what constants never saw. Shapes kept back come with the coefficients; for models and devices left out the constants
/// are fitted again without them, to a sample of the rows.
/// </summary>
public sealed class AccuracyTable
{
    private const int SampledRows = 1000;
    private const int Folds = 4;
    private static readonly string[] _gemms = ["qkv", "o", "up", "down"];

    private readonly ProfileReader _reader = new();
    private readonly List<ProfileTable> _tables = [];
    private readonly CoefficientSet _set;

    /// <summary>Judges these coefficients by the profiles that they were fitted to.</summary>
    /// <exception cref="InputException">A profile is bad.</exception>
    public AccuracyTable(CoefficientSet set, IEnumerable<ProfileTable> profiles)
    {
        _set = set;
        foreach (var table in profiles)
        {
            _tables.Add(table);
            _reader.Read(table);
        }

        _reader.Throw();
    }

    /// <summary>Every line; those that the profiles hold no rows for are missing.</summary>
    public IEnumerable<AccuracyRow> Rows() =>
        [.. NewShapes(), .. NewExperts(), .. NewMessageSizes(), .. NewModels(), .. KnownModels(), .. NewDevices()];

    /// <summary>Shapes kept back from the fit, as the coefficients state them.</summary>
    public IEnumerable<AccuracyRow> NewShapes()
    {
        foreach (var (op, name, goal) in ((string, string, double)[])
            [("gemm-bf16", "BF16 GEMM", 0.08), ("gemm-fp8", "FP8 GEMM", 0.15), ("attention-decode", "decode attention", 0.08), ("attention-prefill", "prefill attention", 0.12)])
        {
            foreach (var entry in _set.Entries)
            {
                if (entry.Operator != op || entry.Device == "*" || entry.HeldBack is not { } errors) continue;
                yield return new(name, entry.Device, "one shape in five", op == "attention-decode" && entry.Device.StartsWith("a100", StringComparison.Ordinal) ? 0.15 : goal, errors);
            }
        }
    }

    /// <summary>Fused experts, a quarter of the layer shapes left out at a time.</summary>
    public IEnumerable<AccuracyRow> NewExperts() => Folded(op => op.StartsWith("experts", StringComparison.Ordinal), op => op == "experts-fp8" ? "fused experts, FP8" : "fused experts, BF16",
        "a quarter of the layer shapes at a time", 0.15);

    /// <summary>All-reduce inside a host, a quarter of the message sizes left out at a time.</summary>
    public IEnumerable<AccuracyRow> NewMessageSizes()
    {
        var lines = Folded(op => op.StartsWith("all_reduce/", StringComparison.Ordinal), _ => "all-reduce", "a quarter of the message sizes at a time", 0.12);
        return lines.Where(line => line.Subject.EndsWith("/node", StringComparison.Ordinal));
    }

    /// <summary>Engine GEMMs, layers, mixed attention and iterations of a model whose rows were all left out.</summary>
    public IEnumerable<AccuracyRow> NewModels()
    {
        var gemms = new SortedDictionary<string, Errors>(StringComparer.Ordinal);
        var layers = new SortedDictionary<string, Errors>(StringComparer.Ordinal);
        foreach (var (stack, model) in _reader.Measurements.Where(m => m.Operator == "gemm-bf16-engine").Select(m => (m.Stack, m.Origin!.Value.Model)).Distinct().Order())
        {
            var devices = _reader.Measurements.Where(m => m.Stack == stack && m.Origin?.Model == model).Select(m => m.Device).ToHashSet(StringComparer.Ordinal);

            // A model that is the only one of its device leaves an unprofiled device behind.
            devices.RemoveWhere(device => !_reader.Measurements.Any(m => m.Stack == stack && m.Device == device && m.Operator == "gemm-bf16-engine" && m.Origin?.Model != model));
            if (devices.Count == 0) continue;
            var set = Refitted(m => m.Stack == stack && m.Origin?.Model != model
                && (m.Operator.StartsWith("element-wise:", StringComparison.Ordinal) || (devices.Contains(m.Device) && m.Operator is "gemm-bf16-engine" or "gemm-bf16")));
            foreach (var device in devices) Layers(new(set, overlay: false), stack, device, model, gemms, layers);
        }

        foreach (var (device, errors) in gemms) yield return new("GEMM in an engine", device, "one model at a time", 0.08, errors.Summary);
        foreach (var (device, errors) in layers) yield return new("dense work of a layer", device, "one model at a time", 0.05, errors.Summary);
        foreach (var line in AttentionAndIterations()) yield return line;
    }

    /// <summary>Iterations of profiled models, without and with their residual overlay.</summary>
    public IEnumerable<AccuracyRow> KnownModels()
    {
        foreach (var (device, model) in Iterations().Select(i => (i.Device, i.Model)).Distinct())
        {
            foreach (var overlay in (bool[])[false, true])
            {
                var errors = IterationErrors(new(_set, overlay), device, model);
                yield return new(overlay ? "iteration with residual overlay" : "iteration", $"{device} {model}", "nothing", overlay ? 0.03 : null, errors);
            }
        }
    }

    /// <summary>Devices that are left out with their whole family, or alone, so that a sibling's constants are scaled.</summary>
    public IEnumerable<AccuracyRow> NewDevices()
    {
        foreach (var device in Iterations().Select(i => i.Device).Distinct())
        {
            var family = DeviceFamily.SiblingsOf(device).Append(device).ToHashSet(StringComparer.Ordinal);
            foreach (var line in Scaled(device, family, "the device and its family", 0.12, [null, null, null])) yield return line;
            if (_set.Entries.Any(e => e.Device != device && family.Contains(e.Device) && e.Operator.StartsWith("gemm", StringComparison.Ordinal)))
                foreach (var line in Scaled(device, [device], "the device; constants of its family", null, [0.10, 0.09, 0.15])) yield return line;
        }

        foreach (var entry in _set.Entries.Where(e => e is { Device: "*", Stack: "vllm", HeldBack: not null } && (e.Operator.StartsWith("gemm-", StringComparison.Ordinal) || e.Operator.StartsWith("attention-", StringComparison.Ordinal))))
            yield return new(entry.Operator, "each profiled device", "the device; medians of the others", null, entry.HeldBack!);
    }

    private IEnumerable<AccuracyRow> Scaled(string device, HashSet<string> left, string keptBack, double? iterationGoal, double?[] kernelGoals)
    {
        var predictor = new GridPredictor(Without(left), overlay: false);
        var laws = predictor.Laws("vllm", AcceleratorCatalog.Get(device));
        var gemm = new Errors();
        foreach (var m in _reader.Measurements.Where(m => m.Device == device && m.Stack == "vllm" && m.Operator == "gemm-bf16-engine"))
            gemm.Add(laws.Gemm(Precision.NumberFormat.Bf16).Microseconds(m.Features[0], m.Features[1], m.Features[2], 2, 2, laws.Rates), m.Microseconds);
        var (decode, prefill) = (new Errors(), new Errors());
        foreach (var (table, row) in RowsOf(device, null, "past", "ctx", "us"))
        {
            var (chunk, past, n) = (table.Number(row, "chunk"), table.Number(row, "past"), table.Number(row, "n_decode"));
            if (chunk > 0 && (n > 0 || past > 0)) continue;
            (chunk > 0 ? prefill : decode).Add(predictor.MixedMicroseconds(table, row), table.Number(row, "us")!.Value);
        }

        if (gemm.Count > 0) yield return new("GEMM of a new device", device, keptBack, kernelGoals[0], gemm.Summary);
        if (decode.Count > 0) yield return new("decode attention of a new device", device, keptBack, kernelGoals[1], decode.Summary);
        if (prefill.Count > 0) yield return new("prefill attention of a new device", device, keptBack, kernelGoals[2], prefill.Summary);
        foreach (var model in Iterations().Where(i => i.Device == device).Select(i => i.Model).Distinct())
            yield return new("iteration on a new device", $"{device} {model}", keptBack, iterationGoal, IterationErrors(predictor, device, model));
    }

    // The constants as they were had these devices never been profiled.
    private CoefficientSet Without(HashSet<string> devices)
    {
        var elementWise = Refitted(m => !devices.Contains(m.Device) && (m.Operator == "sampler" || m.Operator.StartsWith("element-wise:", StringComparison.Ordinal)));
        var entries = _set.Entries.Where(e => e.Device is not ("*" or "stack" or "overlay") && !devices.Contains(e.Device.Split('/')[0]) && e.Operator is not ("sampler" or "element-wise")).ToList();
        entries.AddRange(Calibrator.Defaults(entries));
        return new([.. entries, .. elementWise.Entries], _set.Date, _set.Sources, []);
    }

    private IEnumerable<AccuracyRow> AttentionAndIterations()
    {
        var mixed = new SortedDictionary<string, Errors>(StringComparer.Ordinal);
        var iterations = new List<AccuracyRow>();
        foreach (var (device, model) in ModelsOfMixed().ToList())
        {
            if (!ModelsOfMixed().Any(other => other.Device == device && other.Model != model)) continue;
            var unseen = UnseenRows(device, model);
            var set = Refitted(m => m.Stack == "vllm" && !unseen.Contains(m) && m.Origin?.Model != model
                && (m.Device == device || m.Operator.StartsWith("element-wise:", StringComparison.Ordinal)) && m.Operator != "gemm-fp8" && !m.Operator.StartsWith("experts", StringComparison.Ordinal));
            var predictor = new GridPredictor(set, overlay: false);
            foreach (var (table, row) in RowsOf(device, model, "past", "ctx", "us"))
                mixed.GetOrAdd(device).Add(predictor.MixedMicroseconds(table, row), table.Number(row, "us")!.Value);
            if (Iterations().Any(i => i.Device == device && i.Model == model))
                iterations.Add(new("iteration", $"{device} {model}", "the model", 0.05, IterationErrors(predictor, device, model), 0.10));
        }

        foreach (var (device, errors) in mixed) yield return new("mixed attention", device, "one model at a time", 0.09, errors.Summary);
        foreach (var line in iterations) yield return line;
    }

    // Attention rows carry heads, not models: those of the model's tables.
    private HashSet<Measurement> UnseenRows(string device, string model)
    {
        var heads = RowsOf(device, model, "past", "ctx", "us").Select(at => (at.Table.Number(at.Row, "q_heads"), at.Table.Number(at.Row, "kv_heads"))).ToHashSet();
        return [.. _reader.Measurements.Where(m => m.Device == device && m.Operator is "attention-mixed" or "attention-decode-engine" && heads.Contains((m.Features[0], m.Features[1])))];
    }

    private void Layers(GridPredictor predictor, string stack, string device, string model, SortedDictionary<string, Errors> gemms, SortedDictionary<string, Errors> layers)
    {
        var laws = predictor.Laws(stack, AcceleratorCatalog.Get(device));
        var spec = ModelCatalog.Get(model);
        var sums = new Dictionary<(int, int), (double Predicted, double Measured, int Operators)>();
        foreach (var (table, row) in RowsOf(device, model, "tp", "m"))
        {
            int tensor = (int)table.Number(row, "tp")!, m = (int)table.Number(row, "m")!;
            string[] names = table.Has("op") ? [table.Text(row, "op")] : LayerOps.Names;
            foreach (var name in names)
            {
                if (table.Number(row, table.Has("op") ? "us" : name) is not { } us || name is "embedding" or "lm_head" or "final_norm" or "sampler") continue;
                if (stack == "vllm" && LayerOps.StayInCache(spec, tensor, laws.Rates.L2Bytes)) continue;
                var time = predictor.LayerOp(laws, device, spec, tensor, name, m);
                if (Array.IndexOf(_gemms, name) >= 0) gemms.GetOrAdd(device).Add(time, us);
                sums.TryGetValue((tensor, m), out var sum);
                sums[(tensor, m)] = (sum.Predicted + time, sum.Measured + us, sum.Operators + 1);
            }
        }

        foreach (var sum in sums.Values.Where(sum => sum.Operators > _gemms.Length)) layers.GetOrAdd(device).Add(sum.Predicted, sum.Measured);
    }

    private IEnumerable<AccuracyRow> Folded(Func<string, bool> takes, Func<string, string> name, string keptBack, double goal)
    {
        var all = new SortedDictionary<(string Name, string Device), Errors>();
        foreach (var group in _reader.Measurements.Where(m => takes(m.Operator)).GroupBy(m => (m.Operator, m.Device)).OrderBy(g => g.Key.Operator, StringComparer.Ordinal))
        {
            var shapes = group.Select(m => m.Shape).Distinct().Order(StringComparer.Ordinal).ToList();
            var family = KernelFamily.Find(group.Key.Operator)!;
            for (var fold = 0; fold < Folds; fold++)
            {
                var left = shapes.Where((_, i) => i % Folds == fold).ToHashSet(StringComparer.Ordinal);
                CoefficientEntry? entry = null;
                try
                {
                    entry = Refitted(m => m.Device == group.Key.Device && m.Operator == group.Key.Operator && !left.Contains(m.Shape))
                        .Entries.FirstOrDefault(e => e.Device == group.Key.Device);
                }
                catch (InputException)
                {
                    // Too few rows without this quarter: nothing to judge.
                }

                if (entry is null) continue;
                var rates = Calibrator.Rates(group.Key.Device, group.Key.Operator);
                foreach (var m in group.Where(m => left.Contains(m.Shape)))
                    all.GetOrAdd((name(group.Key.Operator), group.Key.Device)).Add(family.Law(entry.Values, m.Features, rates), m.Microseconds);
            }
        }

        foreach (var ((line, device), errors) in all) yield return new(line, device, keptBack, goal, errors.Summary);
    }

    private CoefficientSet Refitted(Func<Measurement, bool> takes) =>
        new Calibrator(_reader) { Exclude = m => !takes(m), MostRows = SampledRows, KeepsBack = false }.Fit(_set.Date, _set.Sources);

    private ErrorSummary IterationErrors(GridPredictor predictor, string device, string model)
    {
        var errors = new Errors();
        foreach (var (table, row) in RowsOf(device, model, "chunk", "ms")) errors.Add(predictor.IterationMicroseconds(table, row) / 1e3, table.Number(row, "ms")!.Value);
        return errors.Summary;
    }

    private List<(string Device, string Model)> Iterations() => Pairs("chunk", "ms");

    private List<(string Device, string Model)> ModelsOfMixed() => Pairs("past", "ctx", "us");

    private List<(string Device, string Model)> Pairs(params string[] columns) =>
        [.. TablesWith(["gpu", "model", .. columns]).SelectMany(t => Enumerable.Range(0, t.Count).Select(row => (t.Text(row, "gpu"), t.Text(row, "model")))).Distinct().Order()];

    private IEnumerable<(ProfileTable Table, int Row)> RowsOf(string device, string? model, params string[] columns)
    {
        foreach (var table in TablesWith(["gpu", "model", .. columns]))
        {
            for (var row = 0; row < table.Count; row++)
                if (table.Text(row, "gpu") == device && (model is null || table.Text(row, "model") == model)) yield return (table, row);
        }
    }

    private IEnumerable<ProfileTable> TablesWith(string[] columns) => _tables.Where(t => columns.All(t.Has));
}
