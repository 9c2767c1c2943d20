using System.Numerics;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>KV memory of one instance.</summary>
public sealed record KvConfig
{
    /// <summary>Tokens per block.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Blocks; null derives them from model, GPU and <see cref="MemoryFraction"/>.</summary>
    public int? Blocks { get; init; }

    /// <summary>Share of GPU memory for weights, activations and KV together.</summary>
    public double MemoryFraction { get; init; } = 0.9;

    /// <summary>Share of blocks that an admission leaves free; null takes the policy's.</summary>
    public double? Watermark { get; init; }

    /// <summary>Blocks in host memory for swapped requests.</summary>
    public int? HostBlocks { get; init; }

    /// <summary>Host memory for swapped requests in GiB, instead of <see cref="HostBlocks"/>.</summary>
    public double? HostGib { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(BlockSize >= 1 && BitOperations.IsPow2(BlockSize), "kv.blockSize", BlockSize, "must be a power of two");
        problems.Require(Blocks is null or >= 1, "kv.blocks", Blocks, "must be at least 1");
        problems.Require(MemoryFraction is > 0 and <= 1, "kv.memoryFraction", MemoryFraction, "must be in (0, 1]");
        problems.Require(Watermark is null or (>= 0 and < 1), "kv.watermark", Watermark, "must be in [0, 1)");
        problems.Require(HostBlocks is null or >= 0, "kv.hostBlocks", HostBlocks, "must not be negative");
        problems.Require(HostGib is null or >= 0, "kv.hostGib", HostGib, "must not be negative");
        problems.Require(HostBlocks is null || HostGib is null, "kv.hostGib", HostGib, "must not be set together with kv.hostBlocks");
    }
}
