using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Profiles in, coefficients out. The same files give the same constants, whatever their order.</summary>
public sealed class Calibrator
{
    internal const int LeastRows = 12;
    internal const int LeastSizes = 4;
    private const int RowsPerConstant = 20;
    private const int LeastShapes = 8;
    internal const int KeepBackOneIn = 5;
    private const double SupportWeight = 0.2;    // of a row, at most
    private const double SupportShare = 0.2;    // of the weight of the rows that they support

    private readonly ProfileReader _reader;
    private readonly List<string> _notes = [];
    private readonly List<CoefficientEntry> _entries = [];

    /// <summary>A calibrator without profiles.</summary>
    public Calibrator() : this(new())
    {
    }

    private Calibrator(ProfileReader reader) => _reader = reader;

    /// <summary>Rows that a fit takes at most.</summary>
    private int MostRows { get; init; } = 6000;

    /// <summary>Whether to keep shapes back from a second fit, to know the error.</summary>
    private bool KeepsBack { get; init; } = true;

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Notes => [.. _reader.Notes, .. _notes];

    /// <summary>Reads a profile.</summary>
    public void Add(ProfileTable table) => _reader.Read(table);

    /// <summary>Fits everything that was read.</summary>
    /// <param name="date">Day that the set names.</param>
    /// <param name="sources">Where the measurements come from.</param>
    /// <exception cref="InputException">A profile is bad, or nothing can be fitted.</exception>
    public CoefficientSet Fit(string date, IReadOnlyList<string> sources)
    {
        _reader.Throw();
        var (groups, notes) = MeasurementGroup.Of(_reader.Measurements);
        _notes.AddRange(notes);
        FitConstants(groups);
        _entries.AddRange(Defaults(_entries, groups));
        var residuals = ResidualFit.Curves(_entries, groups);
        _entries.AddRange(ResidualFit.Evidence([.. _entries], groups));
        return new(_entries, date, sources, residuals);
    }

    /// <summary>Constants alone, fitted to a sample: to see how they do on what was left out.</summary>
    /// <param name="groups">What is left; groups that are too small are passed over.</param>
    /// <param name="mostRows">Rows that a fit takes at most.</param>
    internal static List<CoefficientEntry> Constants(List<MeasurementGroup> groups, int mostRows)
    {
        var calibrator = new Calibrator(new()) { MostRows = mostRows, KeepsBack = false };
        calibrator.FitConstants(groups, isRequired: false);
        return calibrator._entries;
    }

    private void FitConstants(List<MeasurementGroup> groups, bool isRequired = true)
    {
        var fitted = groups.Where(g => !g.IsElementWise).Where(IsEnough).ToList();
        var apart = fitted.FindAll(g => g.Operator != KernelFamily.GemmInCache.Name && MicroOf(g) is null);
        var alone = InOrder.Select(apart, group => FitGroup(group, [], null));
        var supported = fitted.FindAll(g => MicroOf(g) is not null);
        var steadied = InOrder.Select(supported, group => FitGroup(group, MicroOf(group)!.Rows, TilesOf(alone.First(e => e.Device == group.Device && e.Operator == KernelFamily.GemmBf16.Name))));
        _entries.AddRange(alone.Concat(steadied).OrderBy(e => fitted.FindIndex(g => g.Stack == e.Stack && g.Device == e.Device && g.Operator == e.Operator)));
        foreach (var group in fitted.Where(g => g.Operator == KernelFamily.GemmInCache.Name)) FitInCache(group);
        foreach (var stack in groups.Where(g => g.IsElementWise).GroupBy(g => g.Stack)) FitElementWise(stack.Key, [.. stack]);
        if (isRequired && _entries.Count == 0) throw new InputException(["nothing can be fitted", .. Notes]);

        // Engines are profiled for a few models only: micro benchmarks of the same device steady the fit.
        MeasurementGroup? MicroOf(MeasurementGroup group) => group.Operator != KernelFamily.GemmInEngine.Name ? null
            : fitted.Find(g => g.Stack == group.Stack && g.Device == group.Device && g.Operator == KernelFamily.GemmBf16.Name);
    }

    // The few shapes of a profiled model cannot tell tiles from rates: tiles are those of the micro benchmark, an engine has its own start and rates.
    private static double[] TilesOf(CoefficientEntry micro) =>
        [.. micro.Names.Select((name, i) => name is "t0_us" or "ec" or "eb" ? double.NaN : micro.Values[i])];

    // The engine's GEMMs but for what the cache changes: start and rates.
    private void FitInCache(MeasurementGroup group)
    {
        if (_entries.Find(e => e.Stack == group.Stack && e.Device == group.Device && e.Operator == KernelFamily.GemmInEngine.Name) is not { } engine) return;
        var (family, device) = (KernelFamily.GemmInCache, Rates(group));
        var known = engine.Values.ToArray();
        foreach (var name in (string[])["t0_us", "ec", "eb"]) known[Array.FindIndex(family.Constants, c => c.Name == name)] = double.NaN;
        var values = Array.ConvertAll(Solve(family, group.Rows, [], device, known), Rounded);
        _entries.Add(new(group.Stack, group.Device, group.Operator, [.. family.Constants.Select(c => c.Name)], values, group.Rows.Count,
            Errors(family, values, group.Rows, device), null));
    }

    private bool IsEnough(MeasurementGroup group)
    {
        var sizes = group.Rows.Select(m => m.Features[Varying(group.Operator)]).Distinct().Count();
        var shapes = group.Rows.Select(m => m.Shape).Distinct().Count();
        var isGemm = group.Operator.StartsWith("gemm", StringComparison.Ordinal);
        var reason = group.Rows.Count < LeastRows ? $"{group.Rows.Count} rows, at least {LeastRows} are needed"
            : sizes < LeastSizes ? $"{sizes} different sizes, at least {LeastSizes} are needed"
            : isGemm && shapes < 2 ? "one shape only: compute and memory cannot be told apart"
            : null;
        if (reason is not null) _notes.Add($"{group.Operator} of {group.Device} ({group.Stack}): {reason}: not fitted");
        return reason is null;
    }

    // The feature that must vary: tokens of a GEMM, contexts of decodes, tokens of a chunk, bytes of a message.
    private static int Varying(string op) => op switch
    {
        "attention-decode" or "attention-decode-engine" or "attention-prefill" => 4,
        "attention-mixed" => 3,
        _ => 0,
    };

    private CoefficientEntry FitGroup(MeasurementGroup group, List<Measurement> support, double[]? known)
    {
        var family = KernelFamily.Find(group.Operator)!;
        var device = Rates(group);
        var (train, test) = Split(group.Rows);
        ErrorSummary? heldBack = null;
        if (KeepsBack && test.Count >= LeastRows && train.Count >= LeastRows && train.Select(m => m.Features[Varying(group.Operator)]).Distinct().Count() >= LeastSizes)
            heldBack = Errors(family, Solve(family, train, support, device, known), test, device);
        var values = Array.ConvertAll(Solve(family, group.Rows, support, device, known), Rounded);
        return new(group.Stack, group.Device, group.Operator, [.. family.Constants.Select(c => c.Name)], values, group.Rows.Count,
            Errors(family, values, group.Rows, device), heldBack);
    }

    private double[] Solve(KernelFamily family, List<Measurement> rows, List<Measurement> support, DeviceRates device, double[]? known = null)
    {
        List<Measurement> sample = [.. Sample(rows), .. Sample(support)];
        var weights = new double[sample.Count];
        var own = Math.Min(rows.Count, MostRows);
        for (var i = 0; i < weights.Length; i++) weights[i] = i < own ? 1 : Math.Min(SupportWeight, SupportShare * own / (weights.Length - own));
        known ??= Known(family, rows, support);
        var free = family.Constants.Where((_, i) => double.IsNaN(known[i])).ToArray();
        var (all, last) = (known.ToArray(), Array.Empty<double>());
        double[] Filled(double[] fitted)
        {
            if (ReferenceEquals(fitted, last)) return all;
            last = fitted;
            for (int i = 0, next = 0; i < all.Length; i++) all[i] = double.IsNaN(known[i]) ? fitted[next++] : known[i];
            return all;
        }

        var values = RelativeFit.Solve([.. sample.Select(m => m.Microseconds)], (row, c) => family.Law(Filled(c), sample[row].Features, device), free, weights);
        return [.. Filled(values)];
    }

    // Constants that a profile of this size cannot tell apart, at their neutral value; NaN for those to be fitted.
    private static double[] Known(KernelFamily family, List<Measurement> rows, List<Measurement> support)
    {
        var isRich = rows.Count + support.Count >= RowsPerConstant * family.Constants.Length
            && rows.Concat(support).Select(m => m.Shape).Distinct().Take(LeastShapes).Count() == LeastShapes;
        var known = Array.ConvertAll(family.Constants, c => isRich || !c.IsOptional ? double.NaN : c.Neutral);
        if (family == KernelFamily.Experts) ExpertKernel.Fix(known, family.Constants, rows[0].Device, rows[0].Operator);
        return known;
    }

    private List<Measurement> Sample(List<Measurement> rows) =>
        rows.Count <= MostRows ? rows : [.. rows.OrderBy(m => Hash(Key(m))).ThenBy(Key, StringComparer.Ordinal).Take(MostRows)];

    private static ErrorSummary Errors(KernelFamily family, double[] values, List<Measurement> rows, DeviceRates device) => ErrorSummary.Of(
        [.. rows.Select(m => family.Law(values, m.Features, device))], [.. rows.Select(m => m.Microseconds)]);

    // Kernels of a few microseconds: multipliers belong to the stack, start and share to the device. One joint fit.
    private void FitElementWise(string stack, List<MeasurementGroup> groups)
    {
        var rows = groups.SelectMany(g => g.Rows).ToList();
        var devices = rows.Select(m => m.Device).Distinct().Order(StringComparer.Ordinal).ToArray();
        var kernels = rows.Select(m => m.Operator).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (rows.Count < LeastRows)
        {
            _notes.Add($"element-wise kernels ({stack}): {rows.Count} rows, at least {LeastRows} are needed: not fitted");
            return;
        }

        var rates = Array.ConvertAll(devices, name => DeviceRates.Of(AcceleratorCatalog.Get(name)));
        var constants = new List<FitConstant> { new("boost", 2, 1, 8) };
        foreach (var kernel in kernels) constants.Add(new(kernel[(kernel.IndexOf(':', StringComparison.Ordinal) + 1)..], 1, 0.05, 20));
        foreach (var device in devices)
        {
            constants.Add(new("t0_us " + device, 2.4, 0.3, 20));
            constants.Add(new("es " + device, 1, devices.Length == 1 ? 1 : 0.2, devices.Length == 1 ? 1.0000001 : 5));
        }

        double Law(double[] c, Measurement m)
        {
            var at = Array.IndexOf(devices, m.Device);
            return new ElementWiseLaw(c[1 + kernels.Length + (2 * at)], c[2 + kernels.Length + (2 * at)], c[1 + Array.IndexOf(kernels, m.Operator)], c[0])
                .Microseconds(m.Features[0], rates[at]);
        }

        double[] SolveRows(List<Measurement> list)
        {
            var sample = Sample(list);
            return RelativeFit.Solve([.. sample.Select(m => m.Microseconds)], (row, c) => Law(c, sample[row]), constants);
        }

        var (train, test) = Split(rows);
        var held = KeepsBack && test.Count >= LeastRows ? Summary(SolveRows(train), test) : null;
        var values = SolveRows(rows);

        // Only the quotient of multiplier and share is measured: the shares' geometric mean is 1.
        double logs = 0;
        for (var i = 0; i < devices.Length; i++) logs += DetMath.Log(values[2 + kernels.Length + (2 * i)]);
        var scale = DetMath.Exp(logs / devices.Length);
        for (var i = 0; i < kernels.Length; i++) values[1 + i] /= scale;
        for (var i = 0; i < devices.Length; i++) values[2 + kernels.Length + (2 * i)] /= scale;
        values = Array.ConvertAll(values, Rounded);
        _entries.Add(new(stack, "stack", "element-wise", [.. constants.Take(1 + kernels.Length).Select(c => c.Name)], values[..(1 + kernels.Length)],
            rows.Count, Summary(values, rows), held));
        for (var i = 0; i < devices.Length; i++)
        {
            var own = rows.Where(m => m.Device == devices[i]).ToList();
            _entries.Add(new(stack, devices[i], "element-wise", ["t0_us", "es"], values[(1 + kernels.Length + (2 * i))..(3 + kernels.Length + (2 * i))],
                own.Count, Summary(values, own), null));
        }

        ErrorSummary Summary(double[] c, List<Measurement> list) => ErrorSummary.Of([.. list.Select(m => Law(c, m))], [.. list.Select(m => m.Microseconds)]);
    }

    /// <summary>
    /// Constants for a device that nobody measured: medians, with the error of predicting each device from the others, once plainly
    /// and once carried over by power limits. The better of the two is what predictions use.
    /// </summary>
    internal static List<CoefficientEntry> Defaults(List<CoefficientEntry> entries, List<MeasurementGroup> groups)
    {
        var defaults = new List<CoefficientEntry>();
        foreach (var (stack, op, all) in Shared(entries))
        {
            var family = KernelFamily.Find(op);
            var judged = all.Count > 1 && family is not null ? all.FindAll(own => GroupOf(own) is not null) : [];
            var parts = InOrder.Select(judged, own =>
            {
                List<CoefficientEntry> others = [.. all.Where(e => e != own), .. Micro(entries, stack, op).Where(e => !all.Exists(engine => engine.Device == e.Device))];
                var (plain, carried) = (StandIn.Median(others.FindAll(all.Contains)), StandIn.CarriedMedian(others, AcceleratorCatalog.Get(own.Device)));
                var rows = GroupOf(own)!.Rows;
                var rates = Rates(own.Device, op);
                return (Plain: rows.ConvertAll(m => family!.Law(plain, m.Features, rates)), Carried: rows.ConvertAll(m => family!.Law(carried, m.Features, rates)),
                    Measured: rows.ConvertAll(m => m.Microseconds));
            });
            double[] measured = [.. parts.SelectMany(p => p.Measured)];
            var (without, with) = (ErrorSummary.Of([.. parts.SelectMany(p => p.Plain)], measured), ErrorSummary.Of([.. parts.SelectMany(p => p.Carried)], measured));
            var best = StandIn.IsCarried(all[0]) && with.Mean < without.Mean ? with : without;
            defaults.Add(new(stack, "*", op, all[0].Names, Rounded(StandIn.Median(all)), all.Sum(e => e.Rows), best, measured.Length > 0 ? best : null));
            if (measured.Length > 0 && StandIn.IsCarried(all[0])) defaults.Add(new(stack, "carried", "carried:" + op, [], [], measured.Length, without, with));
        }

        return defaults;

        MeasurementGroup? GroupOf(CoefficientEntry own) => groups.Find(g => g.Stack == own.Stack && g.Device == own.Device && g.Operator == own.Operator);
    }

    /// <summary>Medians over devices, without the error that they have.</summary>
    internal static IEnumerable<CoefficientEntry> Defaults(List<CoefficientEntry> entries) => Shared(entries)
        .Select(same => new CoefficientEntry(same.Stack, "*", same.Operator, same.All[0].Names, Rounded(StandIn.Median(same.All)), same.All.Sum(e => e.Rows), ErrorSummary.Of([], []), null));

    // Operators with constants of each device.
    private static List<(string Stack, string Operator, List<CoefficientEntry> All)> Shared(List<CoefficientEntry> entries) =>
        [.. entries.Where(e => e.Device != "stack" && e.Operator != KernelFamily.GemmInCache.Name && !e.Operator.Contains('/', StringComparison.Ordinal))
            .GroupBy(e => (e.Stack, e.Operator)).Select(g => (g.Key.Stack, g.Key.Operator, g.ToList()))];

    // What an engine's GEMMs are where only a micro benchmark timed them.
    private static IEnumerable<CoefficientEntry> Micro(List<CoefficientEntry> entries, string stack, string op) => op != KernelFamily.GemmInEngine.Name ? []
        : entries.Where(e => e.Stack == stack && e.Operator == KernelFamily.GemmBf16.Name);

    private static double[] Rounded(double[] values) => Array.ConvertAll(values, Rounded);

    internal static DeviceRates Rates(MeasurementGroup group) => Rates(group.Device, group.Operator);

    /// <summary>Rates that the law of an operator reads.</summary>
    internal static DeviceRates Rates(string device, string op)
    {
        if (op.Contains('/', StringComparison.Ordinal)) return default;
        var gpu = AcceleratorCatalog.Get(device);
        var rates = DeviceRates.Of(gpu);
        return op.EndsWith("-fp8", StringComparison.Ordinal) ? rates.At(gpu.Teraflops.Fp8 ?? gpu.FlopsPerSecond / 1e12) : rates;
    }

    private static (List<Measurement> Train, List<Measurement> Test) Split(List<Measurement> rows)
    {
        var (train, test) = (new List<Measurement>(), new List<Measurement>());
        foreach (var m in rows) (Hash(m.Shape) % KeepBackOneIn == 0 ? test : train).Add(m);
        return (train, test);
    }

    private static string Key(Measurement m) => m.Shape + string.Join('|', m.Features.Select(x => x.ToString("R", CultureInfo.InvariantCulture)));

    private static double Rounded(double value) => double.Parse(CoefficientSet.Number(value), CultureInfo.InvariantCulture);

    internal static uint Hash(string text)
    {
        unchecked
        {
            var hash = 2166136261u;
            foreach (var c in text) hash = (hash ^ c) * 16777619;
            hash = (hash ^ (hash >> 15)) * 0x2c1b3c6d;
            return hash ^ (hash >> 12);
        }
    }
}
