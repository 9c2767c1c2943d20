using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels;

/// <summary>What a roofline assumes about number formats and about the serving engine around the kernels.</summary>
public sealed record CostOptions
{
    /// <summary>vLLM with CUDA graphs and a scheduler that runs between iterations.</summary>
    public static readonly CostOptions Default = new();

    /// <summary>Kernels alone: no launches, no padding, no host.</summary>
    public static readonly CostOptions KernelsOnly = new() { Host = HostMode.None, Launch = LaunchMode.None };

    /// <summary>When the host's own work delays an iteration.</summary>
    public HostMode Host { get; init; } = HostMode.Sync;

    /// <summary>How kernels are started.</summary>
    public LaunchMode Launch { get; init; } = LaunchMode.Graphs;

    /// <summary>Graphs compute rows up to the next captured size.</summary>
    public bool GraphPadding { get; init; } = true;

    /// <summary>Largest captured batch in tokens; beyond it kernels are started one by one.</summary>
    public int MaxGraphTokens { get; init; } = 512;

    /// <summary>
    /// Host work of an iteration, in microseconds; null takes the level's own: 300 that stay visible beside asynchronous
    /// scheduling (calibrated), 126 (f2; BLIS, trained physics).
    /// </summary>
    public double? HostMicroseconds { get; init; }

    /// <summary>Host work of an iteration per sequence, in microseconds; null takes the level's own: 2 (calibrated), 4.4 (f2).</summary>
    public double? HostMicrosecondsPerSequence { get; init; }

    /// <summary>Formats of weights, activations and KV cache (calibrated and f0).</summary>
    public PrecisionProfile Precision { get; init; } = PrecisionProfile.Bf16;

    /// <summary>Software stack whose kernels are meant: vllm (since 2025) or sarathi (an engine of 2024).</summary>
    public string Stack { get; init; } = "vllm";

    /// <summary>Some experts are far more popular than others.</summary>
    public bool SkewedRouting { get; init; }

    /// <summary>Multiply operators of a profiled model by what its profile says (residual overlay).</summary>
    public bool Overlay { get; init; }

    /// <summary>False leaves out the collectives of tensor parallelism, to compare with single-device measurements.</summary>
    public bool Collectives { get; init; } = true;

    /// <summary>Constants; null takes those that come with ServeSim.</summary>
    public CoefficientSet? Coefficients { get; init; }

    /// <summary>Factors from measured iterations; null takes those of the coefficients for the device.</summary>
    public IterationScale? Scale { get; init; }

    /// <summary>Largest number of rows whose times are kept; larger batches are computed each time.</summary>
    public int RememberedRows { get; init; } = 16_384;

    /// <summary>Link between pipeline stages that do not share a scale-up domain.</summary>
    public string NetworkLink { get; init; } = "ib-ndr400";

    /// <summary>Experts of a layer that so many tokens touch; null for uniform routing. Must not decrease.</summary>
    public Func<int, double>? DistinctExperts { get; init; }
}

/// <summary>When the host's own work delays an iteration.</summary>
public enum HostMode
{
    /// <summary>The host prepares an iteration when the last one has ended.</summary>
    Sync,

    /// <summary>The host prepares the next iteration beside the current one; the longer of the two counts.</summary>
    Async,

    /// <summary>No host at all.</summary>
    None,
}

/// <summary>How kernels are started.</summary>
public enum LaunchMode
{
    /// <summary>Captured graphs up to <see cref="CostOptions.MaxGraphTokens"/>, one by one beyond.</summary>
    Graphs,

    /// <summary>One by one.</summary>
    Eager,

    /// <summary>Starts cost nothing.</summary>
    None,
}
