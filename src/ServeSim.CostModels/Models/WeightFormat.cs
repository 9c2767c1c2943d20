namespace ServeSim.CostModels.Models;

/// <summary>How a checkpoint is published.</summary>
public enum WeightFormat
{
    /// <summary>Two bytes a parameter.</summary>
    Bf16,

    /// <summary>One byte for projections and experts with a 4-byte scale per 128×128 block; the rest two bytes.</summary>
    Fp8,

    /// <summary>Experts in 4-bit values with one 8-bit scale per 32; the rest two bytes.</summary>
    Mxfp4,
}
