using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Roofline;

/// <summary>What a report must say about calibrated numbers: data, origin of the constants, error.</summary>
internal static class CalibrationNotes
{
    private static readonly string[] _main = ["gemm-bf16", "gemm-bf16-engine", "gemm-fp8", "attention-decode", "attention-decode-engine", "attention-prefill", "attention-mixed", "experts-bf16", "experts-fp8"];

    public static CostModelInfo Of(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CalibratedClock clock, CostOptions options, ResidualOverlay residuals)
    {
        var set = clock.Laws.Set;
        var used = clock.Laws.Used.Where(item => Matters(item.Key, model, options)).OrderBy(item => Array.IndexOf(_main, item.Key)).ToList();
        var origin = used.Count == 0 ? ConstantOrigin.Measured : used.Max(item => item.Value.Origin);
        var devices = used.Select(item => item.Value.Entry.Device).Distinct().Select(name => name == "*" ? "medians of profiled devices" : name);
        var shipped = options.Coefficients is null ? "shipped coefficients" : "given coefficients";
        var source = $"{shipped} of {set.Date}, fitted to {string.Join(", ", set.Sources)}; constants of {string.Join(" and ", devices)}"
            + (origin == ConstantOrigin.Measured ? "" : $"; rates of {gpu.Name} from its data sheet")
            + (set.Borrowed.Count > 0 ? $"; shipped constants of {CoefficientSet.Shipped.Date} for what they lack" : "")
            + (clock.Scale is { } scale ? $"; {scale}" : "");
        return new(
            $"roofline:calibrated {model.Name} on {gpu.Name}, tp {layout.Tensor}, pp {layout.Pipeline}"
                + (layout.ExpertRanks > 1 ? $", ep {layout.ExpertRanks}, dp {layout.AttentionReplicas}" : "")
                + (options.Precision == PrecisionProfile.Bf16 ? "" : $", {options.Precision.Name}"),
            source, Errors(gpu, origin, used) + Unmeasured(gpu, model, options.Precision) + (clock.Scale is null ? "" : "; before scaling to the measured iterations, which are met by construction: no other one was compared"), Warnings(model, gpu, layout, clock, options, residuals, isMeasured: used.Exists(item => item.Value.Origin == ConstantOrigin.Measured)));
    }

    private static bool Matters(string op, ModelSpec model, CostOptions options) => op switch
    {
        "experts-bf16" or "experts-fp8" => model.Experts is not null,
        "gemm-fp8" => options.Precision.Format == NumberFormat.Fp8,
        _ => Array.IndexOf(_main, op) >= 0,
    };

    private static string Errors(AcceleratorSpec gpu, ConstantOrigin origin, List<KeyValuePair<string, (CoefficientEntry Entry, ConstantOrigin Origin)>> used)
    {
        string Kernels(Func<ConstantOrigin, bool> which) => string.Join(", ", used.Where(item => which(item.Value.Origin)).Select(item => item.Value.Origin == ConstantOrigin.Sibling
            ? $"{item.Key} of {item.Value.Entry.Device}"
            : Invariant($"{item.Key} {(item.Value.Entry.HeldBack ?? item.Value.Entry.Fit).Mean * 100:0.#} %")));
        var measured = Kernels(o => o == ConstantOrigin.Measured);
        if (measured.Length > 0)
        {
            var (near, any) = (Kernels(o => o == ConstantOrigin.Sibling), Kernels(o => o == ConstantOrigin.AnyOther));
            return $"mean error on shapes kept back: {measured}; errors of single kernels partly cancel in an iteration"
                + (near.Length > 0 ? $"; not measured on {gpu.Name}, scaled from its family: {near}" : "")
                + (any.Length > 0 ? $"; not measured on {gpu.Name} or a relative, error when each profiled device is predicted from the others: {any}" : "");
        }

        var all = Kernels(_ => true);
        return origin == ConstantOrigin.Sibling
            ? $"no profile of {gpu.Name}, scaled from its family: the one such pair that was measured, an RTX 4090 scaled from an L40S, was off by 8 % an iteration (18 % for one in ten); relatives with the same chip should do better ({all})"
            : $"no profile of {gpu.Name} or its family: mean error when each profiled device is predicted from the others: {all}; an RTX 4090 predicted so was off by 12 % an iteration, an RTX PRO 6000 by 8 %";
    }

    // Formats whose kernels nobody timed have stand-ins and no error; the error of two-byte kernels must not pass for theirs.
    private static string Unmeasured(AcceleratorSpec gpu, ModelSpec model, PrecisionProfile precision)
    {
        var list = new List<string>();
        if (IsTextbook(precision)) list.Add($"{(precision.ExpertsOnly ? "experts" : "GEMMs")} in {precision.Name}");
        else if (precision.FormatOn(gpu) != precision.Format) list.Add($"{precision.Format} on {gpu.Name}, which has no units for it".ToLowerInvariant());
        if (precision.Kv != KvFormat.Bf16) list.Add($"a KV cache in {precision.Kv.Name["kv-".Length..]}");
        if (model.LatentAttention is not null) list.Add("latent attention");
        if (model.Window is not null) list.Add("attention in windows");
        return list.Count == 0 ? "" : $"; unmeasured, error not known: {string.Join(", ", list)}";
    }

    private static bool IsTextbook(PrecisionProfile precision) =>
        precision.Format is NumberFormat.Int8 or NumberFormat.Fp4 or NumberFormat.Int4Blend || (precision.Format == NumberFormat.Bf16 && precision.WeightBytes < 2);

    private static List<string> Warnings(
        ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CalibratedClock clock, CostOptions options, ResidualOverlay residuals, bool isMeasured)
    {
        var warnings = CostModelNotes.Common(model, gpu, options.Precision);
        if (!clock.HasMeasuredCollectives)
            warnings.Add(Invariant($"no measured all-reduce for {layout.Tensor} × {gpu.Name}: a guess of its start and 70 % of the link; 10 µs more would cost {2 * model.Layers * 10 / 1e3:0.0} ms an iteration"));
        if (model.LatentAttention is not null) warnings.Add("no attention fit covers latent attention (MLA): the constants of grouped attention stand in");
        if (model.Window is not null) warnings.Add("no attention fit covers windows: the constants of full attention stand in");
        if (model.HeadSize is not (64 or 128) && model.LatentAttention is null) warnings.Add($"attention was measured for heads of 64 and 128 elements, not {model.HeadSize}");
        if (IsTextbook(options.Precision))
            warnings.Add($"no measurement covers {options.Precision.Name}: {(options.Precision.FormatOn(gpu) == NumberFormat.Fp8 ? "FP8" : "two-byte")} constants with textbook efficiencies");
        else if (options.Precision is { Format: NumberFormat.Fp8, EfficiencyLarge: < 1 }) warnings.Add("FP8 was measured with one scale a tensor: scales of blocks cost a textbook tenth of the rate");
        if (options.Precision.FormatOn(gpu) != options.Precision.Format)
            warnings.Add($"{gpu.Name} has no {options.Precision.Format} units: {options.Precision.FormatOn(gpu)} is used");
        if (options.Precision.Kv != KvFormat.Bf16) warnings.Add("a quantised KV cache was not measured: bytes are scaled");
        if (layout.AttentionReplicas > 1) warnings.Add("expert exchange assumes that every attention replica computes as many tokens");
        if (gpu.Vendor != "NVIDIA") warnings.Add($"no kernel of {gpu.Vendor} was ever timed: the constants are those of NVIDIA's, and their error is not known here");
        if (!isMeasured && clock.Scale is null) warnings.Add($"a decode and a prefill iteration measured on {gpu.Name} would tell how far off this is, and can scale it: servesim calibrate --decode … --prefill …");
        if (clock.Scale is { } scale && (scale.Model, scale.Tensor, scale.Precision) != (model.Name, layout.Tensor, options.Precision.Name))
            warnings.Add($"the factors from measured iterations are those of {scale.Model}, tp {scale.Tensor}, {scale.Precision}");
        if (clock.Scale is null && clock.Laws.Set.Scales.Count > 0)
            warnings.Add($"the coefficients have factors from iterations measured on {string.Join(", ", clock.Laws.Set.Scales.Select(s => s.Device))}, none for {gpu.Name}: nothing is scaled");
        if (residuals.Count > 0) warnings.Add($"{residuals.Count} operators corrected by this model's own profile (residual overlay)");
        if (options.Host == HostMode.None || options.Launch == LaunchMode.None) warnings.Add("host work or launches are switched off: kernels alone");
        return warnings;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
