namespace ServeSim.Engine;

/// <summary>The executors; results do not depend on the choice.</summary>
public enum EngineKind
{
    /// <summary>Touches every request of a batch in every iteration: the oracle.</summary>
    Plain,

    /// <summary>Requests that decode together share one counter: an iteration costs what changes.</summary>
    Fast,
}
