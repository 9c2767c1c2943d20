using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ServeSim.Reporting.Writers;

/// <summary>Where and how fast a run ran: all that may differ between two runs with the same result.</summary>
public sealed record RunEnvironment
{
    public required DateTimeOffset Started { get; init; }
    public required TimeSpan WallTime { get; init; }
    public required double SimulatedSeconds { get; init; }

    /// <summary>Largest resident memory of the process so far.</summary>
    public required long PeakMemoryBytes { get; init; }
    public required string Version { get; init; }
    public required string Host { get; init; }
    public required string OperatingSystem { get; init; }
    public required string Architecture { get; init; }
    public required int Processors { get; init; }
    public required string Framework { get; init; }

    /// <summary>The facts of this process and host.</summary>
    public static RunEnvironment Of(DateTimeOffset started, TimeSpan wallTime, double simulatedSeconds, string version) => new()
    {
        Started = started,
        WallTime = wallTime,
        SimulatedSeconds = simulatedSeconds,
        PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
        Version = version,
        Host = Environment.MachineName,
        OperatingSystem = RuntimeInformation.OSDescription,
        Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
        Processors = Environment.ProcessorCount,
        Framework = RuntimeInformation.FrameworkDescription,
    };
}
