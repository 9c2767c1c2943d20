using ServeSim.CostModels.Calibration.Laws;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Calibration;

/// <summary>The laws with the constants for one device and software stack; remembers where each came from.</summary>
public sealed class CalibratedLaws
{
    internal const string DefaultStack = "vllm";
    private const double CachedStart = 2.6;    // microseconds; RTX PRO 6000
    private const double CachedGain = 1.4;     // the same
    private readonly CoefficientSet _set;
    private readonly AcceleratorSpec _gpu;
    private readonly Dictionary<string, (CoefficientEntry Entry, ConstantOrigin Origin)> _used = [];
    private readonly Dictionary<KernelKind, ElementWiseLaw> _elementWise = [];

    /// <summary>Laws of a device.</summary>
    public CalibratedLaws(CoefficientSet set, string stack, AcceleratorSpec gpu)
    {
        (_set, _gpu, Stack, Rates) = (set, gpu, stack, DeviceRates.Of(gpu));
    }

    /// <summary>Where the constants are taken from.</summary>
    public CoefficientSet Set => _set;

    /// <summary>Software stack.</summary>
    public string Stack { get; }

    /// <summary>Rates for two-byte values.</summary>
    public DeviceRates Rates { get; }

    /// <summary>Constants that were asked for so far, by kernel family, with their origin.</summary>
    public IReadOnlyDictionary<string, (CoefficientEntry Entry, ConstantOrigin Origin)> Used => _used;

    /// <summary>GEMMs in a number format as a micro benchmark times them; formats without measurements take the two-byte constants.</summary>
    public GemmLaw GemmMicro(NumberFormat format) => GemmLaw.Of(format == NumberFormat.Fp8 ? Best("gemm-fp8") : Best("gemm-bf16", "gemm-bf16-engine"));

    /// <summary>The same as an engine runs them.</summary>
    public GemmLaw Gemm(NumberFormat format) => GemmLaw.Of(format == NumberFormat.Fp8 ? Best("gemm-fp8") : Best("gemm-bf16-engine", "gemm-bf16"));

    /// <summary>
    /// GEMMs of a profile of one layer whose weights stay in the cache. Where nobody timed that, the bandwidth that another device
    /// gained by it.
    /// </summary>
    public GemmLaw GemmInCache()
    {
        if (Own("gemm-bf16-cached") is { } own) return GemmLaw.Of(own);
        var law = Gemm(NumberFormat.Bf16);
        return law with { StartMicroseconds = Math.Min(law.StartMicroseconds, CachedStart), Bandwidth = law.Bandwidth * CachedGain };
    }

    /// <summary>Rates of a number format.</summary>
    public DeviceRates RatesOf(NumberFormat format) => format == NumberFormat.Fp8 && _gpu.Teraflops.Fp8 is { } fp8 ? Rates.At(fp8) : Rates;

    /// <summary>Decode attention as an engine runs it.</summary>
    public DecodeLaw Decode() => DecodeLaw.Of(Best("attention-decode-engine", "attention-decode"));

    /// <summary>Decode attention as the micro benchmark timed it.</summary>
    public DecodeLaw DecodeMicro() => DecodeLaw.Of(Best("attention-decode", "attention-decode-engine"));

    /// <summary>Prefill attention.</summary>
    public PrefillLaw Prefill() => PrefillLaw.Of(Values("attention-prefill"));

    /// <summary>Prefill and decodes in one kernel; null where they run apart.</summary>
    public MixedLaw? Mixed() => Own("attention-mixed") is { } mixed ? MixedLaw.Of(mixed) : IsLikelyMixed ? MixedLaw.Of(Values("attention-mixed")) : null;

    /// <summary>Mixed attention with a stand-in where the device has no measurement.</summary>
    public MixedLaw MixedOrAny() => Mixed() ?? MixedLaw.Of(Values("attention-mixed"));

    /// <summary>Fused experts as they were timed.</summary>
    public ExpertLaw ExpertsMicro(NumberFormat format) => ExpertLaw.Of(Values(format == NumberFormat.Fp8 ? "experts-fp8" : "experts-bf16"));

    /// <summary>Fused experts of an engine: where the timed FP8 path runs at a fraction of memory speed it is the path that is slow, not the device.</summary>
    public ExpertLaw Experts(NumberFormat format)
    {
        var plain = ExpertsMicro(NumberFormat.Bf16).InEngine();
        if (format != NumberFormat.Fp8) return plain;
        var fp8 = ExpertsMicro(NumberFormat.Fp8).InEngine();
        return fp8.Bandwidth < plain.Bandwidth / 2 ? plain : fp8;
    }

    /// <summary>A collective inside a host, or null where it was not measured for so many ranks.</summary>
    public CollectiveLaw? Collective(string operation, string engine, int ranks)
    {
        var key = $"{operation}/{engine}/{ranks}/{ranks}";
        if (_set.Find(DefaultStack, _gpu.Name + "/node", key) is { } own) return CollectiveLaw.Of(own.Values);
        foreach (var sibling in DeviceFamily.SiblingsOf(_gpu.Name))
            if (_set.Find(DefaultStack, sibling + "/node", key) is { } near) return CollectiveLaw.Of(near.Values);
        return null;
    }

    /// <summary>Stand-in for a collective that nobody measured: start time by the kind of link, 70 % of its rate.</summary>
    public CollectiveLaw LinkLaw(int ranks) => new(
        _gpu.ScaleUpGigabytesPerSecond is not null && ranks <= _gpu.ScaleUpDevices ? 5 : ranks <= 4 ? 12 : 20,
        0.7 * _gpu.PeerBytesPerSecond(ranks) / 1e9, 0);

    /// <summary>Sampling so many rows.</summary>
    public double SamplerMicroseconds(double rows)
    {
        var entry = Entry("sampler");
        return rows <= 0 ? 0 : entry["t0_us"] + (entry["per_row_us"] * rows);
    }

    internal ElementWiseLaw ElementWise(KernelKind kind)
    {
        if (_elementWise.TryGetValue(kind, out var known)) return known;
        var law = ElementWise(kind switch
        {
            KernelKind.Norm => Stack == "sarathi" ? "norm1" : "norm",
            KernelKind.FinalNorm => Stack == "sarathi" ? "norm1" : "final_norm",
            KernelKind.Rope => "rope",
            KernelKind.QueryKeyNorm => "qk_norm",
            KernelKind.Activation => "act",
            KernelKind.Add => "add",
            KernelKind.Embedding => "embedding",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "is no element-wise kernel"),
        });
        return _elementWise[kind] = law;
    }

    /// <summary>An element-wise kernel by its name in profiles.</summary>
    public ElementWiseLaw ElementWise(string op)
    {
        var device = Entry("element-wise");
        var kernels = _set.Find(Stack, "stack", "element-wise") ?? _set.Find(DefaultStack, "stack", "element-wise")!;
        return new(device["t0_us"], device["es"], kernels.Get(op, 1), kernels["boost"]);
    }

    // Devices without asynchronous tensor cores run prefill and decodes in one kernel, as far as anyone timed it.
    private bool IsLikelyMixed => DeviceFamily.TensorCores(_gpu.Name) == "warp-wide"
        && (DeviceFamily.RunsOneAttentionKernel(_gpu.Name) || _set.Resolve(DefaultStack, _gpu.Name, "attention-prefill") is { Origin: ConstantOrigin.AnyOther })
        && _set.Resolve(DefaultStack, _gpu.Name, "attention-mixed") is not null;

    private double[] Values(string op) => Entry(op).Values;

    // Operators that time the same kernels: the first that was measured on the device, else on a sibling, else anywhere.
    private double[] Best(params ReadOnlySpan<string> operators)
    {
        foreach (var origin in (ReadOnlySpan<ConstantOrigin>)[ConstantOrigin.Measured, ConstantOrigin.Sibling, ConstantOrigin.AnyOther])
        {
            foreach (var stack in (ReadOnlySpan<string>)[Stack, DefaultStack])
            {
                foreach (var op in operators)
                {
                    if (Resolve(stack, op, operators) is not { } found || found.Origin != origin) continue;
                    _used[op] = found;
                    return found.Entry.Values;
                }
            }
        }

        throw new InvalidDataException($"the coefficients hold no constants for {operators[0]}");
    }

    // Measured on the device or on a sibling; medians of other devices would mix kernels of another kind.
    private double[]? Own(string op)
    {
        if (Resolve(DefaultStack, op, [op]) is not { Origin: not ConstantOrigin.AnyOther } found) return null;
        _used[op] = found;
        return found.Entry.Values;
    }

    private CoefficientEntry Entry(string op)
    {
        if (_used.TryGetValue(op, out var known)) return known.Entry;
        var found = Resolve(Stack, op, [op]) ?? Resolve(DefaultStack, op, [op])
            ?? throw new InvalidDataException($"the coefficients hold no constants for {op}");
        _used[op] = found;
        return found.Entry;
    }

    // Constants of other devices are carried over to this one; a device that lacks the operator lends one that times the same kernels.
    private (CoefficientEntry Entry, ConstantOrigin Origin)? Resolve(string stack, string op, ReadOnlySpan<string> alternatives)
    {
        if (_set.Resolve(stack, _gpu.Name, op) is not { } found || found.Origin == ConstantOrigin.Measured) return _set.Resolve(stack, _gpu.Name, op);
        if (!_set.CarryingHelps(stack, op)) return found;
        if (found.Origin == ConstantOrigin.Sibling) return (found.Entry with { Values = StandIn.Carried(found.Entry, _gpu) }, found.Origin);
        var others = new SortedDictionary<string, CoefficientEntry>(StringComparer.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)[op, .. alternatives])
        {
            foreach (var entry in _set.Entries)
                if (entry.Stack == stack && entry.Operator == name && AcceleratorCatalog.Find(entry.Device) is not null) others.TryAdd(entry.Device, entry);
        }

        return others.Count == 0 ? found : (found.Entry with { Values = StandIn.CarriedMedian([.. others.Values], _gpu) }, found.Origin);
    }
}
