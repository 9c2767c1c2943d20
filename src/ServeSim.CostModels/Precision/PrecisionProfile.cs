using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Precision;

/// <summary>
/// Formats of weights, activations and KV cache, each with what it changes: bytes, tensor rate, kernel efficiency. A label such
/// as "quantised" alone says none of them.
/// </summary>
public sealed record PrecisionProfile
{
    private const string Native = "native";

    /// <summary>COMET keeps this share of the multiplications in eight bits.</summary>
    private const double Int8Share = 0.16;

    private const double ExpandedEfficiency = 0.8;    // weights expanded to a wider format on the way

    /// <summary>Two bytes everywhere.</summary>
    public static readonly PrecisionProfile Bf16 = new() { Name = "bf16" };

    /// <summary>Every profile by name; <see cref="Parse"/> adds KV formats to any of them.</summary>
    public static readonly IReadOnlyList<PrecisionProfile> All =
    [
        Bf16,
        new() { Name = "fp8", WeightBytes = 1, ActivationBytes = 1, Format = NumberFormat.Fp8 },
        new() { Name = "fp8-block", WeightBytes = 1 + (4.0 / 16384), ActivationBytes = 1, Format = NumberFormat.Fp8, EfficiencyLarge = 0.9 },
        new() { Name = "int8", WeightBytes = 1, ActivationBytes = 1, Format = NumberFormat.Int8, EfficiencySmall = 0.95, EfficiencyLarge = 0.9 },
        new() { Name = "int4", WeightBytes = 0.5 + (2.5 / 128), EfficiencySmall = 0.85, EfficiencyLarge = 0.8 },
        new() { Name = "w4a8kv4", WeightBytes = 0.515625, ActivationBytes = 1, Format = NumberFormat.Int8, EfficiencySmall = 0.9, EfficiencyLarge = 0.8, Kv = KvFormat.Int4 },
        new()
        {
            Name = "w4axkv4", WeightBytes = 0.515625, ActivationBytes = ((1 - Int8Share) * 0.5) + Int8Share, Format = NumberFormat.Int4Blend,
            EfficiencySmall = 0.9, EfficiencyLarge = 0.72, Kv = KvFormat.Int4,
        },
        new() { Name = "mxfp4", WeightBytes = 17.0 / 32, Format = NumberFormat.Fp4, EfficiencySmall = 0.85, EfficiencyLarge = 0.8 },
        new() { Name = "nvfp4", WeightBytes = 0.5 + (1.0 / 16), ActivationBytes = 0.5, Format = NumberFormat.Fp4, EfficiencyLarge = 0.85, Kv = KvFormat.Fp8 },
    ];

    /// <summary>Name, with the KV format if it is not the profile's own.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes of a weight of projections, MLPs and experts, scales included. Embedding, head, norms and router keep two.</summary>
    public double WeightBytes { get; init; } = 2;

    /// <summary>Bytes of an input element as the multiplication reads it.</summary>
    public double ActivationBytes { get; init; } = 2;

    /// <summary>Only routed experts are stored like that; projections and dense MLPs keep two bytes.</summary>
    public bool ExpertsOnly { get; init; }

    /// <summary>Format of the multiplication.</summary>
    public NumberFormat Format { get; init; }

    /// <summary>Share of the tensor rate that is left where the kernel waits for memory.</summary>
    public double EfficiencySmall { get; init; } = 1;

    /// <summary>The same where it computes.</summary>
    public double EfficiencyLarge { get; init; } = 1;

    /// <summary>Format of the cache.</summary>
    public KvFormat Kv { get; init; } = KvFormat.Bf16;

    /// <summary>A profile by name, with a KV format after a plus: fp8, int4, fp8+kv-fp8.</summary>
    /// <exception cref="InputException">No profile or KV format is called that.</exception>
    public static PrecisionProfile Parse(string text)
    {
        var parts = text.Split('+', 2, StringSplitOptions.TrimEntries);
        var found = All.FirstOrDefault(profile => string.Equals(profile.Name, parts[0], StringComparison.OrdinalIgnoreCase));
        if (found is null && parts is [var only] && KvFormat.Find(only) is { } kv) return Bf16 with { Name = "bf16+" + kv.Name, Kv = kv };
        if (found is null)
            throw new InputException($"precision: unknown precision \"{parts[0]}\"; {Suggestion.For(parts[0], All.Select(profile => profile.Name).Append(Native))}");
        if (parts.Length == 1) return found;
        var cache = KvFormat.Find(parts[1])
            ?? throw new InputException($"precision: unknown KV format \"{parts[1]}\"; {Suggestion.For(parts[1], KvFormat.All.Select(format => format.Name))}");
        return found with { Name = $"{found.Name}+{cache.Name}", Kv = cache };
    }

    /// <summary>As <see cref="Parse"/>, and native (also native+kv-fp8) for the format that a model is published in.</summary>
    /// <exception cref="InputException">No profile or KV format is called that.</exception>
    public static PrecisionProfile For(string text, ModelSpec model)
    {
        var parts = text.Split('+', 2, StringSplitOptions.TrimEntries);
        if (!string.Equals(parts[0], Native, StringComparison.OrdinalIgnoreCase)) return Parse(text);
        var published = model.PublishedFormat switch { WeightFormat.Fp8 => "fp8-block", WeightFormat.Mxfp4 => "mxfp4", _ => Bf16.Name };
        var profile = Parse(string.Join('+', parts.Skip(1).Prepend(published)));
        return model.PublishedFormat == WeightFormat.Mxfp4 ? profile with { ExpertsOnly = true } : profile;
    }

    /// <summary>Throws when <see cref="For"/> would, whatever the model.</summary>
    /// <exception cref="InputException">No profile or KV format is called that.</exception>
    public static void Check(string text) => Parse(
        text.Split('+', 2, StringSplitOptions.TrimEntries) is [var name, .. var rest] && string.Equals(name, Native, StringComparison.OrdinalIgnoreCase)
            ? string.Join('+', rest.Prepend(Bf16.Name)) : text);

    /// <summary>Bytes of a weight of a class.</summary>
    public double BytesOf(WeightClass weights) =>
        weights == WeightClass.Unquantised || (ExpertsOnly && weights != WeightClass.Experts) ? 2 : WeightBytes;

    /// <summary>The format that a device multiplies in: its own, or the next wider one that it has.</summary>
    public NumberFormat FormatOn(AcceleratorSpec gpu) => Format switch
    {
        NumberFormat.Fp8 when gpu.Teraflops.Fp8 is null => NumberFormat.Bf16,
        NumberFormat.Fp4 when gpu.Teraflops.Fp4 is null => ActivationBytes < 2 && gpu.Teraflops.Fp8 is not null ? NumberFormat.Fp8 : NumberFormat.Bf16,
        NumberFormat.Int4Blend when gpu.Teraflops.Int4 is null => gpu.Teraflops.Int8 is null ? NumberFormat.Bf16 : NumberFormat.Int8,
        NumberFormat.Int8 when gpu.Teraflops.Int8 is null => NumberFormat.Bf16,
        _ => Format,
    };

    /// <summary>TFLOP/s or TOP/s on a device.</summary>
    public double TeraflopsOn(AcceleratorSpec gpu)
    {
        var rates = gpu.Teraflops;
        return FormatOn(gpu) switch
        {
            NumberFormat.Fp8 => rates.Fp8!.Value,
            NumberFormat.Int8 => rates.Int8!.Value,
            NumberFormat.Fp4 => rates.Fp4!.Value,
            NumberFormat.Int4Blend => 1 / (((1 - Int8Share) / rates.Int4!.Value) + (Int8Share / rates.Int8!.Value)),
            _ => gpu.FlopsPerSecond / 1e12,
        };
    }

    /// <summary>Share of that rate which is left, by whether memory is what the kernel waits for.</summary>
    public double EfficiencyOn(AcceleratorSpec gpu, bool waitsForMemory)
    {
        var efficiency = waitsForMemory ? EfficiencySmall : EfficiencyLarge;
        return FormatOn(gpu) == Format ? efficiency : Math.Min(efficiency, ExpandedEfficiency);
    }

    /// <summary>Bytes of a model's weights.</summary>
    public double WeightBytesOf(ModelSpec model)
    {
        var quantised = QuantisedWeights(model);
        return (quantised * WeightBytes) + ((model.Sizes.Parameters - quantised) * 2);
    }

    /// <summary>Bytes of KV cache per token, all layers, undivided.</summary>
    public double KvBytesPerToken(ModelSpec model) => KvBytesPerTokenAndLayer(model) * model.Layers;

    /// <summary>Bytes of KV cache per token of one layer; a latent is scaled like one head.</summary>
    public double KvBytesPerTokenAndLayer(ModelSpec model) =>
        model.Sizes.KvElementsPerTokenAndLayer * Kv.BytesPerElement(model.LatentAttention?.CachedElements ?? model.HeadSize);

    /// <summary>Bytes of the routed experts.</summary>
    public double RoutedExpertBytesOf(ModelSpec model) => model.Sizes.RoutedExpertParameters * WeightBytes;

    // Projections, MLPs and experts; biases, norms, router, embedding and head stay as they are.
    private double QuantisedWeights(ModelSpec model)
    {
        var sizes = model.Sizes;
        if (ExpertsOnly) return sizes.RoutedExpertParameters;
        return ((double)model.Layers * sizes.AttentionMatrices) + ((double)(model.Layers - model.ExpertLayers) * sizes.DenseMlpMatrices)
            + (model.Experts is { } e ? model.ExpertLayers * (((double)e.Experts * sizes.ExpertMatrices) + sizes.SharedExpertMatrices) : 0);
    }
}
