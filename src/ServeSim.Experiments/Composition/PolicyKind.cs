namespace ServeSim.Experiments.Composition;

/// <summary>What a registered class decides.</summary>
public enum PolicyKind
{
    /// <summary>The next iteration of an instance.</summary>
    Policy,

    /// <summary>The instance of an arriving request.</summary>
    Router,

    /// <summary>How many tokens a request will generate.</summary>
    Predictor,
}
