using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Memory;

/// <summary>KV blocks that an instance can hold, by the device of the fullest pipeline stage.</summary>
public sealed record KvCapacity
{
    private const double Gib = 1024.0 * 1024 * 1024;

    /// <summary>Blocks of the instance.</summary>
    public required int Blocks { get; init; }

    /// <summary>Tokens per block.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Bytes that a block takes on one device: what a swap moves over that device's host link.</summary>
    public required long BlockBytesPerDevice { get; init; }

    /// <summary>Bytes of weights on one device.</summary>
    public required double WeightBytesPerDevice { get; init; }

    /// <summary>Bytes kept back for activations, graphs and libraries.</summary>
    public required double ReserveBytes { get; init; }

    /// <summary>What copies over the PCIe slot of one device reach, in 10⁹ bytes per second.</summary>
    public required double HostLinkGigabytesPerSecond { get; init; }

    /// <summary>What a reader of the result must know.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Tokens of the instance.</summary>
    public long Tokens => (long)Blocks * BlockSize;

    /// <summary>Capacity of one instance (one attention replica); weights and cache are BF16 unless a precision says otherwise.</summary>
    /// <exception cref="InputException">The layout is not allowed, or the model does not fit.</exception>
    public static KvCapacity Of(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CapacityOptions? options = null, PrecisionProfile? precision = null)
    {
        options ??= CapacityOptions.Default;
        precision ??= PrecisionProfile.Bf16;
        Validate(options);
        layout.Validate(model, gpu);
        var blocks = BlocksOf(model, gpu, layout, options, precision);
        if (blocks < 1) throw DoesNotFit(model, gpu, layout, options, precision);
        return new()
        {
            Blocks = checked((int)blocks),
            BlockSize = options.BlockSize,
            BlockBytesPerDevice = BlockBytes(model, layout, options, precision),
            WeightBytesPerDevice = WeightBytes(model, layout, precision),
            ReserveBytes = Reserve(model, layout, options),
            HostLinkGigabytesPerSecond = gpu.HostLink.EffectiveGigabytesPerSecond,
            Warnings = Notes(model, precision),
        };
    }

    private static double FreeBytes(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CapacityOptions options, PrecisionProfile precision) =>
        (options.Utilization * gpu.MemoryGib * Gib) - WeightBytes(model, layout, precision) - Reserve(model, layout, options);

    // Routed experts are shared by all attention replicas, the rest by the devices of one.
    private static double WeightBytes(ModelSpec model, ParallelLayout layout, PrecisionProfile precision)
    {
        var experts = layout.ExpertRanks > 1 ? precision.RoutedExpertBytesOf(model) : 0;
        return ((precision.WeightBytesOf(model) - experts) / layout.Devices) + (experts / ((double)layout.ExpertRanks * layout.Pipeline));
    }

    // Expert ranks follow the tensor ranks.
    private static ParallelLayout Widened(ParallelLayout layout, int tensor) =>
        layout with { Tensor = tensor, Expert = layout.ExpertRanks > 1 ? tensor * layout.AttentionReplicas : layout.Expert };

    private static double BlocksOf(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CapacityOptions options, PrecisionProfile precision) =>
        Math.Floor(FreeBytes(model, gpu, layout, options, precision) / BlockBytes(model, layout, options, precision));

    private static double Reserve(ModelSpec model, ParallelLayout layout, CapacityOptions options)
    {
        var byRule = (model.Experts is null ? 5.5 : 8) + (layout.Tensor == 1 ? 0.15 : 0.6);
        return (options.ReserveGib ?? byRule) * Gib;
    }

    // Heads split over the tensor ranks until there is one each, the latent of MLA not at all; the stage with the most
    // layers sets the number of blocks.
    private static long BlockBytes(ModelSpec model, ParallelLayout layout, CapacityOptions options, PrecisionProfile precision)
    {
        var share = model.LatentAttention is null ? Math.Min(layout.Tensor, model.KvHeads) : 1;
        var perLayer = precision.KvBytesPerTokenAndLayer(model) / share;
        return (long)Math.Ceiling(perLayer * layout.LayersOf(0, model.Layers) * options.BlockSize);
    }

    private static InputException DoesNotFit(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CapacityOptions options, PrecisionProfile precision)
    {
        var missing = (BlockBytes(model, layout, options, precision) - FreeBytes(model, gpu, layout, options, precision)) / Gib;
        var room = ParallelLayout.AllowedTensor(model, gpu)
            .Select(tensor => (Tensor: tensor, Tokens: BlocksOf(model, gpu, Widened(layout, tensor), options, precision) * options.BlockSize))
            .Where(option => option.Tokens > 0)
            .Take(2)
            .ToList();
        var hint = room.Count > 0
            ? string.Join(", ", room.Select((option, i) => $"--tp {option.Tensor} {(i == 0 ? "would fit with room for" : "for")} {option.Tokens} tokens of KV"))
            : $"no --tp of {string.Join(", ", ParallelLayout.AllowedTensor(model, gpu))} fits on {gpu.Name}; try --pp, or a device with more memory";
        return new(string.Create(CultureInfo.InvariantCulture,
            $"memory: {model.Name} in {precision.Name.ToUpperInvariant()} ({precision.WeightBytesOf(model) / Gib:0.0} GiB of weights) does not fit on {gpu.Name} ({gpu.MemoryGib:0.#} GiB) with tp {layout.Tensor}, pp {layout.Pipeline}: {missing:0.00} GiB per device are missing; {hint}"));
    }

    private static void Validate(CapacityOptions options)
    {
        var problems = new List<string>();
        if (options.Utilization is not (> 0 and <= 1)) problems.Add(Got("gpu memory utilization", options.Utilization, "above 0, at most 1"));
        if (options.BlockSize < 1) problems.Add(Got("block size", options.BlockSize, "1 or more tokens"));
        if (options.ReserveGib is { } reserve && !(reserve >= 0 && double.IsFinite(reserve))) problems.Add(Got("reserve", reserve, "0 or more GiB"));
        if (problems.Count > 0) throw new InputException(problems);
    }

    private static string Got(string what, double value, string allowed) =>
        string.Create(CultureInfo.InvariantCulture, $"{what}: got {value}; allowed: {allowed}");

    private static IReadOnlyList<string> Notes(ModelSpec model, PrecisionProfile precision)
    {
        var notes = new List<string>();
        if (model.Window is not null)
            notes.Add($"{model.WindowedLayers} of {model.Layers} layers of {model.Name} keep {model.Window.Tokens} tokens; capacity counts every layer in full (too low, never too high)");
        if (model.PublishedFormat != WeightFormat.Bf16 && precision.WeightBytes == 2)
            notes.Add($"{model.Name} is published in {model.PublishedFormat}; capacity is for BF16 weights (too low)");
        return notes;
    }
}
