namespace ServeSim.CostModels.Operators;

/// <summary>Weights that a precision may store in a format of their own.</summary>
public enum WeightClass
{
    /// <summary>Attention projections.</summary>
    Attention,

    /// <summary>Dense and shared MLPs.</summary>
    Mlp,

    /// <summary>Routed experts.</summary>
    Experts,

    /// <summary>Embedding, head, router: two bytes in every published format.</summary>
    Unquantised,
}
