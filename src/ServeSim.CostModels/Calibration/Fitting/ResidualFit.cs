using System.Globalization;
using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Calibration.Profiles;
using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Residual curves of models that were profiled themselves, and what they are worth on row counts that they have no point for.</summary>
internal static class ResidualFit
{
    /// <summary>Measured over predicted for operators that were timed inside a model.</summary>
    public static List<ResidualCurve> Curves(IReadOnlyList<CoefficientEntry> entries, List<MeasurementGroup> groups) => Curves(entries, groups, _ => true);

    private static List<ResidualCurve> Curves(IReadOnlyList<CoefficientEntry> entries, List<MeasurementGroup> groups, Func<Measurement, bool> takes)
    {
        var set = new CoefficientSet(entries, "", [], []);
        var curves = new List<ResidualCurve>();
        foreach (var same in groups.SelectMany(g => g.Rows).Where(m => m.Origin is not null && m.Operator == KernelFamily.GemmInEngine.Name && takes(m))
            .GroupBy(m => (m.Stack, m.Device, m.Origin!.Value.Model, m.Origin!.Value.Tensor, m.Origin!.Value.Operator))
            .OrderBy(g => g.Key.Stack, StringComparer.Ordinal).ThenBy(g => g.Key.Device, StringComparer.Ordinal).ThenBy(g => g.Key.Model, StringComparer.Ordinal)
            .ThenBy(g => g.Key.Tensor).ThenBy(g => g.Key.Operator, StringComparer.Ordinal))
        {
            if (set.Find(same.Key.Stack, same.Key.Device, KernelFamily.GemmInEngine.Name) is not { } entry) continue;
            var rates = DeviceRates.Of(AcceleratorCatalog.Get(same.Key.Device));
            var points = same.GroupBy(m => m.Features[0]).OrderBy(g => g.Key)
                .Select(g => (Rows: g.Key, Ratio: g.Average(m => m.Microseconds / WithoutTiles(entry, m, rates)))).ToArray();
            if (points.Length < Calibrator.LeastSizes) continue;
            points = Thinned(points);
            curves.Add(new(same.Key.Stack, same.Key.Device, same.Key.Model, same.Key.Tensor, same.Key.Operator,
                [.. points.Select(p => p.Rows)], [.. points.Select(p => Math.Round(p.Ratio, 3))]));
        }

        return curves;
    }

    private static double WithoutTiles(CoefficientEntry entry, Measurement m, DeviceRates rates) =>
        GemmLaw.Of(entry.Values).WithoutTiles().Microseconds(m.Features[0], m.Features[1], m.Features[2], 2, 2, rates);

    // Two hundred points a curve would make the file ten times larger than the constants: keep both ends of every change.
    private static (double Rows, double Ratio)[] Thinned((double Rows, double Ratio)[] points)
    {
        var kept = new List<(double Rows, double Ratio)>();
        for (var i = 0; i < points.Length; i++)
        {
            var changes = kept.Count > 0 && Math.Abs(points[i].Ratio - kept[^1].Ratio) > 0.025;
            if (kept.Count > 0 && !changes && points[i].Rows < kept[^1].Rows * 1.5 && i < points.Length - 1) continue;
            if (changes && points[i - 1] != kept[^1]) kept.Add(points[i - 1]);
            kept.Add(points[i]);
        }

        return [.. kept];
    }

    /// <summary>Curves from the other row counts, tried on the row counts kept back: does the overlay help where it has no point of its own?</summary>
    public static IEnumerable<CoefficientEntry> Evidence(IReadOnlyList<CoefficientEntry> entries, List<MeasurementGroup> groups)
    {
        var curves = Curves(entries, groups, m => !IsKeptBack(m)).ToDictionary(c => (c.Stack, c.Device, c.Model, c.Tensor, c.Operator));
        foreach (var stack in groups.Where(g => g.Operator == KernelFamily.GemmInEngine.Name).GroupBy(g => g.Stack).ToList())
        {
            var (plain, corrected, measured) = (new List<double>(), new List<double>(), new List<double>());
            foreach (var group in stack)
            {
                if (entries.FirstOrDefault(e => e.Stack == group.Stack && e.Device == group.Device && e.Operator == group.Operator) is not { } entry) continue;
                var rates = Calibrator.Rates(group);
                foreach (var m in group.Rows.Where(IsKeptBack))
                {
                    if (!curves.TryGetValue((m.Stack, m.Device, m.Origin!.Value.Model, m.Origin.Value.Tensor, m.Origin.Value.Operator), out var curve)) continue;
                    plain.Add(KernelFamily.GemmInEngine.Law(entry.Values, m.Features, rates));
                    corrected.Add(curve.Covers(m.Features[0]) ? WithoutTiles(entry, m, rates) * curve.At(m.Features[0]) : plain[^1]);
                    measured.Add(m.Microseconds);
                }
            }

            if (measured.Count < Calibrator.LeastRows) continue;
            yield return new(stack.Key, "overlay", KernelFamily.GemmInEngine.Name, [], [], measured.Count,
                ErrorSummary.Of([.. plain], [.. measured]), ErrorSummary.Of([.. corrected], [.. measured]));
        }
    }

    private static bool IsKeptBack(Measurement m) => Calibrator.Hash("rows " + m.Features[0].ToString("R", CultureInfo.InvariantCulture)) % Calibrator.KeepBackOneIn == 0;
}
