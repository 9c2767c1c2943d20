namespace ServeSim.CostModels.Hardware;

/// <summary>Achieved shares of the data-sheet rates, fitted to public kernel timing tables (BF16).</summary>
public sealed record KernelFit
{
    /// <summary>The accelerator, or "*" for any other.</summary>
    public required string Device { get; init; }

    /// <summary>True for constants that were not fitted on the device in question.</summary>
    public bool IsDefault => Device == "*";

    public required GemmFit Gemm { get; init; }

    /// <summary>Median and 90th percentile of the relative GEMM error; null for the default.</summary>
    public (double Median, double Percentile90)? GemmError { get; init; }

    public required DecodeFit Decode { get; init; }

    public required PrefillFit Prefill { get; init; }

    public required ExpertFit Experts { get; init; }

    /// <summary>Median relative error of fused expert kernels; null where it was not measured.</summary>
    public double? ExpertsError { get; init; }
}

/// <summary>t = t0 + ((bytes / eb·BW)^p + (flops / ec·F)^p)^(1/p).</summary>
public readonly record struct GemmFit(double Bandwidth, double Compute, double StartMicroseconds, double Exponent);

/// <summary>t = t0 + bytes / eb·BW.</summary>
public readonly record struct DecodeFit(double Bandwidth, double StartMicroseconds);

/// <summary>t = t0 + flops / ec·F · (1 + sh / context).</summary>
public readonly record struct PrefillFit(double Compute, double StartMicroseconds, double ShortContextTokens);

/// <summary>t = t0 + max(bytes / eb·BW, flops / ec·F).</summary>
public readonly record struct ExpertFit(double Bandwidth, double Compute, double StartMicroseconds);
