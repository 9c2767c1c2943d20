namespace ServeSim.Workloads.Readers;

/// <summary>How a number was read.</summary>
internal enum NumberVerdict
{
    Good,
    NotANumber,
    OutOfRange,
}
