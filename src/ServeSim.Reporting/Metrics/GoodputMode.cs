namespace ServeSim.Reporting.Metrics;

/// <summary>Whose definition of goodput by class counts.</summary>
public enum GoodputMode
{
    /// <summary>JITServe as published (NSDI 2026).</summary>
    Paper,

    /// <summary>
    /// The benchmark of its artifact: a latency request is also good when its E2E limit holds, its first output token never
    /// counts, only finished requests do, and the limits of request n are multiplied by 1 + n mod 4.
    /// </summary>
    Artifact,
}
