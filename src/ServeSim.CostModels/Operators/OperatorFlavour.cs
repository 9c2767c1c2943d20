namespace ServeSim.CostModels.Operators;

/// <summary>Which small kernels beside the GEMMs count, and how the software stack fuses them.</summary>
internal enum OperatorFlavour
{
    /// <summary>None: they are free.</summary>
    GemmsOnly,

    /// <summary>Norms, rotary embedding with its cache write, activation.</summary>
    Bytes,

    /// <summary>vLLM since 2025: norms fused with the residual; embedding, query-key norms and sampler count too.</summary>
    Fused,

    /// <summary>An engine of 2024 (Sarathi-Serve): norms and residual additions apart.</summary>
    Unfused,
}
