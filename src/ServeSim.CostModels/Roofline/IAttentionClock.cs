using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>A clock with rates of their own for the two attention kernels.</summary>
internal interface IAttentionClock : IKernelClock
{
    /// <summary>Decode attention; only MLA does enough arithmetic for it to matter.</summary>
    KernelTime Decode(double flops, double bytes);

    /// <summary>Prefill attention; short contexts reach less of the peak.</summary>
    /// <param name="flops">FLOPs of all chunks.</param>
    /// <param name="flopsPerKey">Sum over the chunks of FLOPs divided by the chunk's context.</param>
    KernelTime Prefill(double flops, double flopsPerKey);
}
