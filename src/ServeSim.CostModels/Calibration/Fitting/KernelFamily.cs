using ServeSim.CostModels.Calibration.Laws;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>A kernel family that is fitted per device: its constants, and its law on the features of a measurement.</summary>
/// <param name="Name">Name in coefficients files.</param>
/// <param name="Constants">Constants with start and bounds.</param>
/// <param name="Law">Microseconds of a measurement under some constants.</param>
internal sealed record KernelFamily(string Name, FitConstant[] Constants, Func<double[], double[], DeviceRates, double> Law)
{
    /// <summary>Features: m, n, k.</summary>
    public static readonly KernelFamily GemmBf16 = new("gemm-bf16", GemmLaw.Bf16Constants,
        (c, x, device) => GemmLaw.Of(c).Microseconds(x[0], x[1], x[2], 2, 2, device));

    /// <summary>The same, timed inside an engine.</summary>
    public static readonly KernelFamily GemmInEngine = GemmBf16 with { Name = "gemm-bf16-engine" };

    /// <summary>The same, of a layer whose weights stay in the last-level cache: start and bandwidth differ.</summary>
    public static readonly KernelFamily GemmInCache = GemmBf16 with
    {
        Name = "gemm-bf16-cached",
        Constants = [new("t0_us", 3, 0.3, 60), GemmLaw.Bf16Constants[1], new("eb", 1.2, 0.02, 8), .. GemmLaw.Bf16Constants.AsSpan(3)],
    };

    /// <summary>Features: m, n, k.</summary>
    public static readonly KernelFamily GemmFp8 = new("gemm-fp8", GemmLaw.Fp8Constants,
        (c, x, device) => GemmLaw.Of(c).Microseconds(x[0], x[1], x[2], 1, 4, device));

    /// <summary>Features: query heads, KV heads, head size, sequences, context.</summary>
    public static readonly KernelFamily Decode = new("attention-decode", DecodeLaw.Constants,
        (c, x, device) => DecodeLaw.Of(c).Microseconds(new(x[0], x[1], x[2]), x[3], x[3] * x[4], x[4], device));

    /// <summary>The same, timed inside an engine.</summary>
    public static readonly KernelFamily DecodeInEngine = Decode with { Name = "attention-decode-engine" };

    /// <summary>Features: query heads, KV heads, head size, chunks, tokens of each, tokens cached before each.</summary>
    public static readonly KernelFamily Prefill = new("attention-prefill", PrefillLaw.Constants,
        (c, x, device) => PrefillLaw.Of(c).Microseconds(new(x[0], x[1], x[2]), PrefillWork.Of(x[4], x[5], x[3]), device));

    /// <summary>Features: query heads, KV heads, head size, tokens and cached tokens of the chunk, decodes, their context.</summary>
    public static readonly KernelFamily Mixed = new("attention-mixed", MixedLaw.Constants,
        (c, x, device) => MixedLaw.Of(c).Microseconds(new(x[0], x[1], x[2]), PrefillWork.Of(x[3], x[4]), x[5], x[5] * x[6], x[6], device));

    /// <summary>Features: tokens, hidden, FFN rows, experts per token, experts, matrices, expert ranks, 1 for skewed routing, bytes of a weight, ranks of an expert, 1 for tuned tiles.</summary>
    public static readonly KernelFamily Experts = new("experts", ExpertLaw.Constants, (c, x, device) => ExpertLaw.Of(c).Microseconds(
        new(x[1], x[2], x[3], x[4], x[5], x[6], x[9]), x[0], x[7] > 0 ? ExpertRouting.Skewed : ExpertRouting.Balanced, x[8], device, x[10] > 0));

    /// <summary>Features: counting bytes.</summary>
    public static readonly KernelFamily Collective = new("collective", CollectiveLaw.Constants,
        (c, x, _) => CollectiveLaw.Of(c).Microseconds(x[0]));

    /// <summary>Features: rows.</summary>
    public static readonly KernelFamily Sampler = new("sampler", [new("t0_us", 10, 0.5, 200), new("per_row_us", 0.9, 1e-3, 50)],
        (c, x, _) => c[0] + (c[1] * x[0]));

    /// <summary>Families by the first part of an operator's name in a coefficients file.</summary>
    public static KernelFamily? Find(string op) => op switch
    {
        "gemm-bf16" => GemmBf16,
        "gemm-bf16-engine" => GemmInEngine,
        "gemm-bf16-cached" => GemmInCache,
        "gemm-fp8" => GemmFp8,
        "attention-decode" => Decode,
        "attention-decode-engine" => DecodeInEngine,
        "attention-prefill" => Prefill,
        "attention-mixed" => Mixed,
        "experts-bf16" or "experts-fp8" => Experts,
        "sampler" => Sampler,
        _ => op.Contains('/', StringComparison.Ordinal) ? Collective : null,
    };
}
