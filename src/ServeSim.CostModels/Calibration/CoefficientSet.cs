using System.Text.Json;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration;

/// <summary>A coefficients file: constants of kernel families per device, with row counts, errors, sources and date.</summary>
public sealed class CoefficientSet
{
    /// <summary>Name of the layout.</summary>
    public const string Schema = "servesim coefficients v3";

    private static readonly Lazy<CoefficientSet> _shipped = new(() =>
    {
        using var stream = typeof(CoefficientSet).Assembly.GetManifestResourceStream("coefficients.json")
            ?? throw new InvalidOperationException("the assembly lacks its coefficients");
        return Read(stream, "the shipped coefficients");
    });

    private readonly Dictionary<(string, string, string), CoefficientEntry> _byKey = [];
    private readonly Lazy<IReadOnlyList<ResidualCurve>> _residuals;

    /// <summary>A set of entries.</summary>
    public CoefficientSet(IReadOnlyList<CoefficientEntry> entries, string date, IReadOnlyList<string> sources, IReadOnlyList<ResidualCurve> residuals)
        : this(entries, date, sources, new Lazy<IReadOnlyList<ResidualCurve>>(residuals))
    {
    }

    private CoefficientSet(IReadOnlyList<CoefficientEntry> entries, string date, IReadOnlyList<string> sources, Lazy<IReadOnlyList<ResidualCurve>> residuals)
    {
        (Entries, Date, Sources, _residuals) = (entries, date, sources, residuals);
        foreach (var entry in entries) _byKey[(entry.Stack, entry.Device, entry.Operator)] = entry;
    }

    /// <summary>The constants that come with ServeSim.</summary>
    public static CoefficientSet Shipped => _shipped.Value;

    /// <summary>Every entry, in the order of the file.</summary>
    public IReadOnlyList<CoefficientEntry> Entries { get; }

    /// <summary>Day of the fit.</summary>
    public string Date { get; }

    /// <summary>Where the measurements come from.</summary>
    public IReadOnlyList<string> Sources { get; }

    /// <summary>Measured over predicted for models that were profiled themselves.</summary>
    public IReadOnlyList<ResidualCurve> Residuals => _residuals.Value;

    /// <summary>Factors from iterations that users measured, one a device.</summary>
    public IReadOnlyList<IterationScale> Scales { get; private init; } = [];

    /// <summary>The factors of a device, or null.</summary>
    public IterationScale? ScaleOf(string device) => Scales.FirstOrDefault(scale => scale.Device == device);

    /// <summary>The same with these factors, in place of others for the same device.</summary>
    public CoefficientSet With(IterationScale scale) =>
        new(Entries, Date, Sources, _residuals) { Scales = [.. Scales.Where(other => other.Device != scale.Device), scale] };

    /// <summary>An entry, or null.</summary>
    public CoefficientEntry? Find(string stack, string device, string op) => _byKey.GetValueOrDefault((stack, device, op));

    /// <summary>True where correcting operators of profiled models by their residuals helps on row counts that were kept back.</summary>
    public bool OverlayHelps(string stack) => Find(stack, "overlay", "gemm-bf16-engine") is { HeldBack: { } with, Fit: var without } && with.Mean < without.Mean;

    /// <summary>False where profiled devices that were left out came out worse with constants carried over by their power limits than with plain ones.</summary>
    internal bool CarryingHelps(string stack, string op) => Find(stack, "carried", "carried:" + op) is not { HeldBack: { } with, Fit: var without } || with.Mean < without.Mean;

    /// <summary>Kernel families that another set had to lend; empty for a set that has all.</summary>
    public IReadOnlyList<string> Borrowed { get; private init; } = [];

    /// <summary>
    /// The set for use in cost models. One that was fitted to some operators only is put on the shipped constants: its own devices and
    /// collectives win, the rest, medians and element-wise kernels (which are fitted over all devices of a stack) included, is shipped.
    /// </summary>
    public CoefficientSet Completed()
    {
        var lacks = Shipped.Entries.Where(e => e.Device == "*" && Find(e.Stack, "*", e.Operator) is null).Select(e => e.Operator).Distinct().Order(StringComparer.Ordinal).ToList();
        if (lacks.Count == 0) return this;
        var own = Entries.Where(e => e.Device is not ("*" or "stack" or "overlay" or "carried") && e.Operator != "element-wise").ToList();
        var kept = Shipped.Entries.Where(e => !own.Exists(o => (o.Stack, o.Device, o.Operator) == (e.Stack, e.Device, e.Operator)));
        return new([.. kept, .. own], Date, Sources, Shipped._residuals) { Scales = Scales, Borrowed = lacks };
    }

    /// <summary>The constants for a device: its own, a sibling's, or those of any other device.</summary>
    public (CoefficientEntry Entry, ConstantOrigin Origin)? Resolve(string stack, string device, string op)
    {
        if (Find(stack, device, op) is { } own) return (own, ConstantOrigin.Measured);
        foreach (var sibling in DeviceFamily.SiblingsOf(device))
            if (Find(stack, sibling, op) is { } near) return (near, ConstantOrigin.Sibling);
        return Find(stack, "*", op) is { } any ? (any, ConstantOrigin.AnyOther) : null;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It cannot be read or has another layout.</exception>
    public static CoefficientSet Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads JSON.</summary>
    /// <exception cref="InputException">It has another layout.</exception>
    public static CoefficientSet Read(Stream stream, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(stream);
            var root = document.RootElement;
            if (!root.TryGetProperty("schema", out var schema) || schema.GetString() != Schema)
                throw new InputException($"{name}: is no coefficients file; its \"schema\" must be \"{Schema}\"");
            var entries = new List<CoefficientEntry>();
            foreach (var item in root.GetProperty("entries").EnumerateArray())
            {
                var constants = item.GetProperty("constants");
                var (names, values) = (new List<string>(), new List<double>());
                foreach (var constant in constants.EnumerateObject())
                {
                    names.Add(constant.Name);
                    values.Add(constant.Value.GetDouble());
                }

                entries.Add(new(item.GetProperty("stack").GetString()!, item.GetProperty("device").GetString()!, item.GetProperty("operator").GetString()!,
                    names, [.. values], item.GetProperty("rows").GetInt32(), Error(item, "fit")!, Error(item, "held_back")));
            }

            // Thousands of points that most runs never ask for.
            var curves = root.GetProperty("residuals").Clone();
            if (curves.ValueKind != JsonValueKind.Array) throw new JsonException("residuals must be a list");
            var sources = new List<string>();
            foreach (var source in root.GetProperty("sources").EnumerateArray()) sources.Add(source.GetString()!);
            return new(entries, root.GetProperty("date").GetString()!, sources, new Lazy<IReadOnlyList<ResidualCurve>>(() => Curves(curves, name))) { Scales = ReadScales(root) };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InputException($"{name}: is no coefficients file: {e.Message}");
        }
    }

    /// <summary>Writes JSON: one entry a line, keys in a fixed order, numbers with five digits.</summary>
    public void Write(Stream stream)
    {
        using var text = new StreamWriter(stream) { NewLine = "\n" };
        text.Write("{\n");
        text.Write($"\"schema\": {Quote(Schema)},\n\"date\": {Quote(Date)},\n");
        text.Write($"\"sources\": [{string.Join(", ", Sources.Select(Quote))}],\n\"entries\": [\n");
        text.Write(string.Join(",\n", Entries.Select(Line)));
        text.Write("\n],\n\"residuals\": [\n");
        text.Write(string.Join(",\n", Residuals.Select(r =>
            $"{{\"stack\": {Quote(r.Stack)}, \"device\": {Quote(r.Device)}, \"model\": {Quote(r.Model)}, \"tp\": {r.Tensor}, \"operator\": {Quote(r.Operator)}, "
            + $"\"rows\": [{string.Join(",", r.Rows.Select(Number))}], \"ratio\": [{string.Join(",", r.Ratios.Select(Number))}]}}")));
        text.Write("\n]");
        if (Scales.Count > 0) text.Write($",\n\"scales\": [\n{string.Join(",\n", Scales.Select(Line))}\n]");
        text.Write("\n}\n");
    }

    /// <summary>A number with five significant digits, the same on every machine.</summary>
    internal static string Number(double value) => double.Parse(value.ToString("G5", Invariant), Invariant).ToString("R", Invariant);

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static string Line(CoefficientEntry e) =>
        $"{{\"stack\": {Quote(e.Stack)}, \"device\": {Quote(e.Device)}, \"operator\": {Quote(e.Operator)}, "
        + $"\"constants\": {{{string.Join(", ", e.Names.Select((name, i) => $"{Quote(name)}: {Number(e.Values[i])}"))}}}, "
        + $"\"rows\": {e.Rows}, \"fit\": {Line(e.Fit)}{(e.HeldBack is null ? "" : $", \"held_back\": {Line(e.HeldBack)}")}}}";

    private static string Line(IterationScale s) =>
        $"{{\"device\": {Quote(s.Device)}, \"model\": {Quote(s.Model)}, \"tp\": {s.Tensor}, \"precision\": {Quote(s.Precision)}, "
        + $"\"dense\": {Number(s.Dense)}, \"attention\": {Number(s.Attention)}, \"measured\": [{string.Join(", ", s.Measured.Select(Quote))}]}}";

    private static List<IterationScale> ReadScales(JsonElement root)
    {
        var scales = new List<IterationScale>();
        if (!root.TryGetProperty("scales", out var list)) return scales;
        foreach (var item in list.EnumerateArray())
        {
            var (dense, attention) = (item.GetProperty("dense").GetDouble(), item.GetProperty("attention").GetDouble());
            if (!IterationScale.IsPlausible(dense) || !IterationScale.IsPlausible(attention))
                throw new JsonException($"scales: factors of {item.GetProperty("device").GetString()} must be from {1 / IterationScale.Most} to {IterationScale.Most}, got {dense} and {attention}");
            scales.Add(new(item.GetProperty("device").GetString()!, item.GetProperty("model").GetString()!, item.GetProperty("tp").GetInt32(),
                item.GetProperty("precision").GetString()!, dense, attention, [.. item.GetProperty("measured").EnumerateArray().Select(m => m.GetString()!)]));
        }

        return scales;
    }

    private static string Line(ErrorSummary e) =>
        $"{{\"rows\": {e.Rows}, \"mean\": {Number(e.Mean)}, \"median\": {Number(e.Median)}, \"p90\": {Number(e.Percentile90)}, \"bias\": {Number(e.Bias)}, \"total\": {Number(e.TotalError)}}}";

    private static List<ResidualCurve> Curves(JsonElement list, string name)
    {
        try
        {
            var curves = new List<ResidualCurve>();
            foreach (var item in list.EnumerateArray())
            {
                curves.Add(new(item.GetProperty("stack").GetString()!, item.GetProperty("device").GetString()!, item.GetProperty("model").GetString()!,
                    item.GetProperty("tp").GetInt32(), item.GetProperty("operator").GetString()!, Numbers(item.GetProperty("rows")), Numbers(item.GetProperty("ratio"))));
            }

            return curves;
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InputException($"{name}: bad residuals: {e.Message}");
        }
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetDouble())];

    private static ErrorSummary? Error(JsonElement item, string name) => !item.TryGetProperty(name, out var e) ? null : new(
        e.GetProperty("rows").GetInt32(), e.GetProperty("mean").GetDouble(), e.GetProperty("median").GetDouble(), e.GetProperty("p90").GetDouble(),
        e.GetProperty("bias").GetDouble(), e.GetProperty("total").GetDouble());
}
