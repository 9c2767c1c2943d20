namespace ServeSim.Workloads;

/// <summary>Layouts that can be written. The canonical ones keep every field, the others only those they have.</summary>
public enum TraceWriteFormat
{
    /// <summary>Canonical JSON lines.</summary>
    Jsonl,

    /// <summary>Canonical CSV.</summary>
    Csv,

    /// <summary>Arrival and lengths in seconds.</summary>
    Vidur,

    /// <summary>Date-times and lengths.</summary>
    Azure,

    /// <summary>JSON lines with prefix block ids.</summary>
    Mooncake,
}
