namespace ServeSim.CostModels.Hardware;

/// <summary>Data-sheet facts of an accelerator: dense rates, no sparsity. Prices are inputs of a study and not kept here.</summary>
public sealed record AcceleratorSpec
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    public required string Vendor { get; init; }

    public required int Year { get; init; }

    /// <summary>Memory that software sees, in GiB.</summary>
    public required double MemoryGib { get; init; }

    /// <summary>Memory on the box, in the GB of the brochure.</summary>
    public required double MarketedMemoryGigabytes { get; init; }

    public required double MemoryGigabytesPerSecond { get; init; }

    public required TensorRates Teraflops { get; init; }

    public double? L2Megabytes { get; init; }

    /// <summary>Streaming multiprocessors or compute units.</summary>
    public int? ComputeUnits { get; init; }

    public required double BoostMegahertz { get; init; }

    public string? ScaleUpKind { get; init; }

    /// <summary>Per direction and device, all peers together; null without a scale-up link.</summary>
    public double? ScaleUpGigabytesPerSecond { get; init; }

    /// <summary>Devices that one scale-up domain (or, without one, one host) joins.</summary>
    public int ScaleUpDevices { get; init; } = 8;

    public required int PcieGeneration { get; init; }

    public double? BoardWatts { get; init; }

    public double? IdleWatts { get; init; }

    /// <summary>Idle with an open context.</summary>
    public double? IdleWithContextWatts { get; init; }

    public required string Source { get; init; }

    public required string Confidence { get; init; }

    /// <summary>Fields that the source supports poorly.</summary>
    public IReadOnlyList<string> WeakFields { get; init; } = [];

    public string? Note { get; init; }

    /// <summary>FLOP/s of dense GEMMs on two-byte values (FP16 where BF16 is missing).</summary>
    public double FlopsPerSecond => (Teraflops.Bf16 ?? Teraflops.Fp16) * 1e12;

    /// <summary>Bytes per second of the memory.</summary>
    public double BytesPerSecond => MemoryGigabytesPerSecond * 1e9;

    /// <summary>FLOP per byte at which compute and memory take equally long.</summary>
    public double RidgeFlopsPerByte => FlopsPerSecond / BytesPerSecond;

    /// <summary>The PCIe slot.</summary>
    public LinkSpec HostLink => LinkCatalog.Get($"pcie{PcieGeneration}-x16");

    /// <summary>Bytes per second and direction between devices that work on one layer together.</summary>
    public double PeerBytesPerSecond(int devices) => ScaleUpGigabytesPerSecond is { } rate && devices <= ScaleUpDevices
        ? rate * 1e9
        : HostLink.EffectiveGigabytesPerSecond * 1e9;
}

/// <summary>Dense tensor rates in TFLOP/s (TOP/s); null where the device lacks the format.</summary>
public sealed record TensorRates(double Fp16, double? Bf16, double? Fp8, double? Int8, double? Fp4, double? Int4, double? Fp32Vector);
