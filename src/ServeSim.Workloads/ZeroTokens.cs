namespace ServeSim.Workloads;

/// <summary>What to do with a record of 0 prompt or output tokens (failed calls in published traces).</summary>
public enum ZeroTokens
{
    /// <summary>Leave it out and count it.</summary>
    Drop,

    /// <summary>Refuse the trace.</summary>
    Error,

    /// <summary>Make it 1 and count it.</summary>
    Lift,
}
