using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Errors on what constants never saw. Shapes kept back come with the coefficients; for models and devices left out the constants
/// are fitted again without them, to a sample of the rows. Independent fits run on all processors; their number changes no digit.
/// </summary>
public sealed class AccuracyTable
{
    private const int SampledRows = 3000;
    private const int Folds = 4;
    private static readonly string[] _gemms = ["qkv", "o", "up", "down"];

    private readonly ProfileReader _reader = new();
    private readonly List<ProfileTable> _tables = [];
    private readonly CoefficientSet _set;
    private readonly List<MeasurementGroup> _groups;

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
        _groups = MeasurementGroup.Of(_reader.Measurements).Groups;
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
        var engine = _groups.Where(g => g.Operator == KernelFamily.GemmInEngine.Name).ToList();
        var left = engine.SelectMany(g => g.Rows.Select(m => (g.Stack, m.Origin!.Value.Model))).Distinct().Order().ToList();
        var found = InOrder.Select(left, item =>
        {
            var (stack, model) = item;

            // A model that is the only one of its device leaves an unprofiled device behind.
            var devices = engine.Where(g => g.Stack == stack && g.Rows.Exists(m => m.Origin!.Value.Model == model) && g.Rows.Exists(m => m.Origin!.Value.Model != model))
                .Select(g => g.Device).ToHashSet(StringComparer.Ordinal);
            var (gemms, layers) = (new SortedDictionary<string, Errors>(StringComparer.Ordinal), new SortedDictionary<string, Errors>(StringComparer.Ordinal));
            if (devices.Count == 0) return (gemms, layers);
            var set = Refitted(g => g.Stack == stack && (g.IsElementWise || (devices.Contains(g.Device) && g.Operator is "gemm-bf16-engine" or "gemm-bf16")),
                m => m.Origin?.Model != model);
            foreach (var device in devices) Layers(new(set, overlay: false), stack, device, model, gemms, layers);
            return (gemms, layers);
        });
        foreach (var (device, errors) in Joined(found.Select(f => f.gemms))) yield return new("GEMM in an engine", device, "one model at a time", 0.08, errors.Summary);
        foreach (var (device, errors) in Joined(found.Select(f => f.layers))) yield return new("dense work of a layer", device, "one model at a time", 0.05, errors.Summary);
        foreach (var line in AttentionAndIterations()) yield return line;
    }

    /// <summary>Iterations of profiled models, without and with their residual overlay.</summary>
    public IEnumerable<AccuracyRow> KnownModels()
    {
        var items = Iterations().SelectMany(i => (bool[])[false, true], (i, overlay) => (i.Device, i.Model, Overlay: overlay)).ToList();
        return InOrder.Select(items, item => new AccuracyRow(item.Overlay ? "iteration with residual overlay" : "iteration", $"{item.Device} {item.Model}", "nothing",
            item.Overlay ? 0.03 : null, IterationErrors(new(_set, item.Overlay), item.Device, item.Model)));
    }

    /// <summary>Devices that are left out with their whole family, or alone, so that a sibling's constants are scaled.</summary>
    public IEnumerable<AccuracyRow> NewDevices()
    {
        var items = new List<(string Device, HashSet<string> Left, string KeptBack, double? IterationGoal, double?[] KernelGoals)>();
        foreach (var device in Iterations().Select(i => i.Device).Distinct())
        {
            var family = DeviceFamily.SiblingsOf(device).Append(device).ToHashSet(StringComparer.Ordinal);
            items.Add((device, family, "the device and its family", 0.12, [null, null, null]));
            if (_set.Entries.Any(e => e.Device != device && family.Contains(e.Device) && e.Operator.StartsWith("gemm", StringComparison.Ordinal)))
                items.Add((device, [device], "the device; constants of its family", null, [0.10, 0.09, 0.15]));
        }

        foreach (var lines in InOrder.Select(items, i => Scaled(i.Device, i.Left, i.KeptBack, i.IterationGoal, i.KernelGoals).ToList()))
            foreach (var line in lines) yield return line;

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
        var elementWise = Refitted(g => !devices.Contains(g.Device) && (g.Operator == "sampler" || g.IsElementWise), _ => true);
        var entries = _set.Entries.Where(e => e.Device is not ("*" or "stack" or "overlay" or "carried") && !devices.Contains(e.Device.Split('/')[0]) && e.Operator is not ("sampler" or "element-wise")).ToList();
        entries.AddRange(Calibrator.Defaults(entries, _groups));
        return new([.. entries, .. elementWise.Entries], _set.Date, _set.Sources, []);
    }

    private IEnumerable<AccuracyRow> AttentionAndIterations()
    {
        var pairs = ModelsOfMixed();
        var left = pairs.Where(pair => pairs.Exists(other => other.Device == pair.Device && other.Model != pair.Model)).ToList();
        var found = InOrder.Select(left, pair =>
        {
            var (device, model) = pair;
            var unseen = UnseenRows(device, model);
            var set = Refitted(g => g.Stack == "vllm" && (g.Device == device || g.IsElementWise) && g.Operator != "gemm-fp8" && !g.Operator.StartsWith("experts", StringComparison.Ordinal),
                m => m.Origin?.Model != model && !unseen.Contains(m));
            var predictor = new GridPredictor(set, overlay: false);
            var mixed = new Errors();
            foreach (var (table, row) in RowsOf(device, model, "past", "ctx", "us")) mixed.Add(predictor.MixedMicroseconds(table, row), table.Number(row, "us")!.Value);
            return (Device: device, Model: model, Mixed: mixed, Iterations: IterationErrors(predictor, device, model));
        });
        var joined = Joined(found.Select(f => new SortedDictionary<string, Errors>(StringComparer.Ordinal) { [f.Device] = f.Mixed }));
        foreach (var (device, errors) in joined) yield return new("mixed attention", device, "one model at a time", 0.09, errors.Summary);
        foreach (var line in found.Where(f => f.Iterations.Rows > 0)) yield return new("iteration", $"{line.Device} {line.Model}", "the model", 0.05, line.Iterations, 0.10);
    }

    // Attention rows carry heads, not models: those of the model's tables.
    private HashSet<Measurement> UnseenRows(string device, string model)
    {
        var heads = RowsOf(device, model, "past", "ctx", "us").Select(at => (at.Table.Number(at.Row, "q_heads"), at.Table.Number(at.Row, "kv_heads"))).ToHashSet();
        return [.. _groups.Where(g => g.Device == device && g.Operator is "attention-mixed" or "attention-decode-engine").SelectMany(g => g.Rows).Where(m => heads.Contains((m.Features[0], m.Features[1])))];
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
        var items = _groups.Where(g => takes(g.Operator)).SelectMany(_ => Enumerable.Range(0, Folds), (group, fold) => (Group: group, Fold: fold)).ToList();
        var found = InOrder.Select(items, item =>
        {
            var (group, fold) = item;
            var left = group.Rows.Select(m => m.Shape).Distinct().Order(StringComparer.Ordinal).Where((_, i) => i % Folds == fold).ToHashSet(StringComparer.Ordinal);
            var rest = group with { Rows = [.. group.Rows.Where(m => !left.Contains(m.Shape))] };
            var errors = new SortedDictionary<(string Name, string Device), Errors>();

            // Too few rows without this quarter: nothing to judge.
            if (Calibrator.Constants([rest], SampledRows).Find(e => e.Device == group.Device) is not { } entry) return errors;
            var (family, rates) = (KernelFamily.Find(group.Operator)!, Calibrator.Rates(group.Device, group.Operator));
            foreach (var m in group.Rows.Where(m => left.Contains(m.Shape)))
                errors.GetOrAdd((name(group.Operator), group.Device)).Add(family.Law(entry.Values, m.Features, rates), m.Microseconds);
            return errors;
        });
        foreach (var ((line, device), errors) in Joined(found)) yield return new(line, device, keptBack, goal, errors.Summary);
    }

    private static SortedDictionary<TKey, Errors> Joined<TKey>(IEnumerable<SortedDictionary<TKey, Errors>> parts) where TKey : notnull
    {
        var all = new SortedDictionary<TKey, Errors>();
        foreach (var part in parts)
            foreach (var (key, errors) in part) all.GetOrAdd(key).Add(errors);
        return all;
    }

    private CoefficientSet Refitted(Func<MeasurementGroup, bool> takes, Func<Measurement, bool> takesRow)
    {
        var groups = _groups.Where(takes).Select(g => g with { Rows = [.. g.Rows.Where(takesRow)] }).Where(g => g.Rows.Count > 0).ToList();
        var entries = Calibrator.Constants(groups, SampledRows);

        // Every cost model asks for experts, whether its model has some or not: none of those judged here does.
        var experts = _set.Entries.Where(e => e.Operator.StartsWith("experts", StringComparison.Ordinal));
        return new([.. entries, .. Calibrator.Defaults(entries), .. experts], _set.Date, _set.Sources, []);
    }

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
