using System.Globalization;
using ServeSim.CostModels.Hardware;

namespace ServeSim.CostModels.Calibration.Prediction;

/// <summary>What must be said of predictions for devices that nobody profiled: whose constants they rest on, and how far off such predictions were.</summary>
internal static class GridNotes
{
    /// <summary>Notes on the constants that were used for one device; none where all were measured on it.</summary>
    public static IEnumerable<string> Of(AcceleratorSpec gpu, CalibratedLaws laws)
    {
        // Element-wise kernels and samplers hardly matter and belong to a software stack.
        var used = laws.Used.Where(item => item.Key is not ("element-wise" or "sampler")).OrderBy(item => item.Key, StringComparer.Ordinal).ToList();
        foreach (var near in used.Where(item => item.Value.Origin == ConstantOrigin.Sibling).GroupBy(item => item.Value.Entry.Device))
        {
            yield return $"{gpu.Name}: {string.Join(", ", near.Select(item => item.Key))} not measured: constants of {near.Key}, rates of the data sheet; "
                + "the one pair of relatives that was measured, an RTX 4090 scaled from an L40S, was off by 4 % (GEMM), 7 % (decode), 12 % (prefill)";
        }

        var any = used.Where(item => item.Value.Origin == ConstantOrigin.AnyOther).ToList();
        if (any.Count > 0)
        {
            yield return $"{gpu.Name}: not measured on it or a relative: medians of profiled devices, rates of the data sheet; mean error when each profiled device is predicted so: "
                + string.Join(", ", any.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Key} {100 * (item.Value.Entry.HeldBack ?? item.Value.Entry.Fit).Mean:0.#} %")));
        }

        if (gpu.Teraflops.Fp8 is null && used.Exists(item => item.Key is "gemm-fp8" or "experts-fp8")) yield return $"{gpu.Name} has no FP8 units: its two-byte rate is used, and no such kernel was measured";
        if (any.Count > 0 && gpu.Vendor != "NVIDIA") yield return $"{gpu.Name}: no kernel of {gpu.Vendor} was ever timed: the constants are those of NVIDIA's";
    }
}
