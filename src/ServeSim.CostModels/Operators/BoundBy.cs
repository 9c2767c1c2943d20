namespace ServeSim.CostModels.Operators;

/// <summary>What an operator's time mostly goes to.</summary>
public enum BoundBy
{
    /// <summary>Arithmetic.</summary>
    Compute,

    /// <summary>Memory traffic.</summary>
    Memory,

    /// <summary>Links between devices.</summary>
    Link,

    /// <summary>Kernel starts, launches, host work.</summary>
    Overhead,
}
