using System.Globalization;

namespace ServeSim.Reporting.Writers;

/// <summary>Writes environment.json, the only result file that tells of clock and host.</summary>
public static class EnvironmentJson
{
    /// <summary>Writes the object.</summary>
    public static void Write(Stream stream, RunEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var wall = environment.WallTime.TotalSeconds;
        JsonText.Write(stream, json =>
        {
            json.WriteString("started_utc", environment.Started.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            json.WriteNumber("wall_s", wall);
            json.WriteNumber("simulated_s", environment.SimulatedSeconds);
            json.WriteOptional("simulated_per_wall", wall > 0 ? environment.SimulatedSeconds / wall : null);
            json.WriteNumber("peak_memory_bytes", environment.PeakMemoryBytes);
            json.WriteString("servesim_version", environment.Version);
            json.WriteString("host", environment.Host);
            json.WriteString("operating_system", environment.OperatingSystem);
            json.WriteString("architecture", environment.Architecture);
            json.WriteNumber("processors", environment.Processors);
            json.WriteString("framework", environment.Framework);
        });
    }
}
