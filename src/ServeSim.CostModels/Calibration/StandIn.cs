using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration;

/// <summary>
/// Constants for a device that nobody measured. Kernels of the same kind of tensor core are alike but for the share of the tensor rate that
/// the power limit leaves. A device with x times the watts per FLOP/s of another reaches between once and x times its share, as
/// one of them is held by its clock or by its power; the geometric middle √x stands for what cannot be known from a data sheet.
/// Check bits that lie in the memory they protect take their part of its bandwidth.
/// </summary>
internal static class StandIn
{
    private static readonly string[] _compute = ["ec", "ec_prefill", "ec_decode_rows"];
    private static readonly string[] _memory = ["t0_us", "eb"];
    private const string Bandwidth = "eb";
    private const double MostShare = 1.1;    // boards with power to spare exceed the clock that their sheet names, by a tenth or so

    /// <summary>Medians over all devices.</summary>
    public static double[] Median(IReadOnlyList<CoefficientEntry> others) => Medians(others, _ => others, e => e.Values);

    /// <summary>Medians of constants carried over to this device; what tensor cores set, over those of the same kind if there are any.</summary>
    public static double[] CarriedMedian(IReadOnlyList<CoefficientEntry> others, AcceleratorSpec gpu)
    {
        var kind = DeviceFamily.TensorCores(gpu.Name);
        var alike = kind is null || !IsCarried(others[0]) ? [] : others.Where(e => DeviceFamily.TensorCores(e.Device) == kind).ToList();

        // Memory and launches know nothing of tensor cores.
        return Medians(others, name => alike.Count == 0 || Array.IndexOf(_memory, name) >= 0 ? others : alike, e => Carried(e, gpu));
    }

    /// <summary>True for operators whose constants hold a share of the tensor rate or of the bandwidth.</summary>
    public static bool IsCarried(CoefficientEntry entry) => HoldsCompute(entry) || entry.Names.Contains(Bandwidth);

    private static bool HoldsCompute(CoefficientEntry entry) => Array.Exists(_compute, name => entry.Names.Contains(name));

    /// <summary>Constants of one device with the check bits of another, and at its power limit where the kind of tensor core is the same.</summary>
    public static double[] Carried(CoefficientEntry from, AcceleratorSpec gpu)
    {
        var values = from.Values.ToArray();
        if (AcceleratorCatalog.Find(from.Device) is not { } other) return values;
        var data = DeviceFamily.DataShare(gpu.Name) / DeviceFamily.DataShare(other.Name);
        for (var i = 0; i < values.Length; i++)
            if (from.Names[i] == Bandwidth) values[i] *= data;
        if (!HoldsCompute(from) || DeviceFamily.TensorCores(gpu.Name) is not { } kind || DeviceFamily.TensorCores(other.Name) != kind || WattsPerFlops(other) is not { } theirs || WattsPerFlops(gpu) is not { } ours) return values;

        var factor = Math.Min(Math.Sqrt(ours / theirs), Math.Max(1, MostShare / from[Array.Find(_compute, name => from.Names.Contains(name))!]));
        for (var i = 0; i < values.Length; i++)
            if (Array.IndexOf(_compute, from.Names[i]) >= 0) values[i] *= factor;
        return values;
    }

    private static double[] Medians(IReadOnlyList<CoefficientEntry> all, Func<string, IReadOnlyList<CoefficientEntry>> lenders, Func<CoefficientEntry, double[]> constants)
    {
        var values = new double[all[0].Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var sorted = lenders(all[0].Names[i]).Select(e => constants(e)[i]).Order().ToArray();
            values[i] = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }

        return values;
    }

    private static double? WattsPerFlops(AcceleratorSpec gpu) => gpu.BoardWatts / gpu.FlopsPerSecond;
}
