namespace ServeSim.CostModels.Memory;

/// <summary>How much of a device's memory becomes KV blocks.</summary>
public sealed record CapacityOptions
{
    /// <summary>vLLM's defaults.</summary>
    public static readonly CapacityOptions Default = new();

    /// <summary>Share of the memory that the engine may use.</summary>
    public double Utilization { get; init; } = 0.9;

    /// <summary>Tokens per KV block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Activations, graphs and libraries, in GiB per device; null for BLIS's rule (5.5 dense, 8 MoE, plus 0.15 or with tp 0.6).</summary>
    public double? ReserveGib { get; init; }
}
