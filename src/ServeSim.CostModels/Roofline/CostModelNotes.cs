using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Roofline;

/// <summary>What a report must say about the numbers of a roofline.</summary>
internal static class CostModelNotes
{
    public static CostModelInfo Ideal(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, PrecisionProfile precision) => new(
        Name("f0", model, gpu, layout) + (precision == PrecisionProfile.Bf16 ? "" : $", {precision.Name}"),
        $"data sheet ({gpu.Source}); model shape ({model.Source})",
        "ideal data-sheet roofline: a lower bound; no measured error",
        Common(model, gpu, precision));

    public static CostModelInfo Trained(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout)
    {
        var warnings = Common(model, gpu);
        warnings.Add("the prefill coefficient of f1 (0.15 of the peak time) is not physical: do not extrapolate to long prompts or other hardware");
        warnings.Add("f1 leaves out the published per-request overheads outside iterations (15.6 ms at arrival, 0.8 ms at the end, 46 µs per output token)");
        if (model.Window is not null) warnings.Add("f1 ignores attention windows: long contexts cost too much");
        if (model.LatentAttention is not null) warnings.Add("f1 was not trained on latent attention (MLA)");
        return new(Name("f1", model, gpu, layout),
            "affine model with the coefficients that BLIS publishes for its trained physics",
            "published median end-to-end error 6.7 % on its own data; none measured here",
            warnings);
    }

    public static CostModelInfo Fitted(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, FittedClock clock, CostOptions options)
    {
        var warnings = Common(model, gpu);
        var fit = clock.Fit;
        if (layout.Tensor > 1 && !clock.HasMeasuredCollectives)
            warnings.Add($"no measured all-reduce for {layout.Tensor} × {gpu.Name}: formula with the link's nominal rate");
        if (model.LatentAttention is not null) warnings.Add("no attention fit covers latent attention (MLA): the constants of grouped attention stand in");
        if (model.Window is not null) warnings.Add("no attention fit covers windows: the constants of full attention stand in");
        if (options.Host == HostMode.None || options.Launch == LaunchMode.None) warnings.Add("host work or launches are switched off: kernels alone");
        return new(
            Name("f2", model, gpu, layout),
            fit.IsDefault
                ? $"default constants (no timing table of {gpu.Name}); data sheet ({gpu.Source})"
                : $"constants fitted to public vLLM kernel timings of {gpu.Name} (aiconfigurator tables)",
            fit.IsDefault ? "no kernel was measured on this device: expect ±25 %" : Errors(model, fit),
            warnings);
    }

    private static string Errors(ModelSpec model, KernelFit fit)
    {
        var text = fit.GemmError is { } e ? Invariant($"GEMM fit: median error {e.Median * 100:0.#} %, 90th percentile {e.Percentile90 * 100:0.#} %") : "";
        if (model.Experts is not null)
            text += fit.ExpertsError is { } median ? Invariant($"; expert kernels: median {median * 100:0.#} %") : "; expert kernels: error not measured";
        return text + "; whole iterations are not validated";
    }

    public static List<string> Common(ModelSpec model, AcceleratorSpec gpu, PrecisionProfile? precision = null)
    {
        var warnings = new List<string>();
        if (model.PublishedFormat != WeightFormat.Bf16 && (precision ?? PrecisionProfile.Bf16).WeightBytes == 2)
            warnings.Add($"{model.Name} is published in {model.PublishedFormat}; costs and capacity are for BF16 weights");
        if (gpu.Teraflops.Bf16 is null) warnings.Add($"{gpu.Name} has no BF16: its FP16 rate is used");
        if (model.Confidence != "high") warnings.Add($"shape of {model.Name}: {model.Confidence} confidence ({model.Source})");
        if (gpu.Confidence != "high") warnings.Add($"rates of {gpu.Name}: {gpu.Confidence} confidence ({gpu.Source})");
        return warnings;
    }

    private static string Name(string level, ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout) =>
        $"roofline:{level} {model.Name} on {gpu.Name}, tp {layout.Tensor}, pp {layout.Pipeline}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
