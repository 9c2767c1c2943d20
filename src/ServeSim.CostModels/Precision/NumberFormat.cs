namespace ServeSim.CostModels.Precision;

/// <summary>Formats in which tensor units multiply.</summary>
public enum NumberFormat
{
    /// <summary>BF16, or FP16 where BF16 is missing.</summary>
    Bf16,

    /// <summary>FP8.</summary>
    Fp8,

    /// <summary>INT8.</summary>
    Int8,

    /// <summary>FP4.</summary>
    Fp4,

    /// <summary>INT4, a share of the work in INT8 (COMET).</summary>
    Int4Blend,
}
