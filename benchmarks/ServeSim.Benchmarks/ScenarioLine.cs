using System.Globalization;

namespace ServeSim.Benchmarks;

/// <summary>One scenario of the suite as measured.</summary>
/// <param name="Name">The scenario.</param>
/// <param name="Plain">Best plain run, if there was one.</param>
/// <param name="Fast">Best fast run.</param>
/// <param name="KernelSeconds">One pass of the reference kernel, measured between the runs.</param>
internal sealed record ScenarioLine(string Name, WholeRun? Plain, WholeRun Fast, double KernelSeconds)
{
    public const string Header =
        "| scenario | requests | mean batch | plain req/s | fast req/s | fast iterations/s | fast tokens/s | heap MB | fast/plain | req per kernel |\n"
        + "|---|---|---|---|---|---|---|---|---|---|";

    /// <summary>Plain time over fast time.</summary>
    public double? Ratio => Plain?.CpuSeconds / Fast.CpuSeconds;

    /// <summary>Requests that the fast executor simulates in the time of one pass of the kernel.</summary>
    public double PerKernel => Fast.Requests * KernelSeconds / Fast.CpuSeconds;

    public string Row => string.Create(CultureInfo.InvariantCulture,
        $"| {Name} | {Fast.Requests:N0} | {(double)Fast.Tokens / Fast.Iterations:F1} | {(Plain is null ? "" : Rate(Plain.Requests, Plain))} | {Rate(Fast.Requests, Fast)} | {Rate(Fast.Iterations, Fast)} | {Rate(Fast.Tokens, Fast)} | {Fast.PeakHeapBytes / 1e6:F1} | {Ratio:F1} | {PerKernel:F0} |");

    private static string Rate(long count, WholeRun run) => (count / run.CpuSeconds).ToString("N0", CultureInfo.InvariantCulture);
}
