namespace ServeSim.Abstractions;

/// <summary>Where an iteration may be ended early.</summary>
public enum Boundary : byte
{
    /// <summary>Nowhere: it runs to its end.</summary>
    Iteration,

    /// <summary>Behind every layer.</summary>
    Layer,

    /// <summary>Behind the attention block and behind the MLP block of every layer.</summary>
    Operator,
}
