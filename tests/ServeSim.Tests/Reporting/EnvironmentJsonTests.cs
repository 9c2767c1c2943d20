using System.Text;
using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

public sealed class EnvironmentJsonTests
{
    [Fact]
    public void Clock_and_host_stand_in_their_own_file()
    {
        using var stream = new MemoryStream();
        EnvironmentJson.Write(stream, new RunEnvironment
        {
            Started = new DateTimeOffset(2026, 1, 2, 5, 4, 5, TimeSpan.FromHours(2)),
            WallTime = TimeSpan.FromSeconds(2),
            SimulatedSeconds = 100,
            PeakMemoryBytes = 50_000_000,
            Version = "0.1.0",
            Host = "h",
            OperatingSystem = "o",
            Architecture = "X64",
            Processors = 2,
            Framework = "f",
        });
        Assert.StartsWith("{\n  \"started_utc\": \"2026-01-02T03:04:05Z\",\n  \"wall_s\": 2,\n  \"simulated_s\": 100,\n  \"simulated_per_wall\": 50,\n",
            Encoding.UTF8.GetString(stream.ToArray()), StringComparison.Ordinal);
    }
}
