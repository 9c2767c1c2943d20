namespace ServeSim.CostModels.Models;

/// <summary>Mixture-of-experts layers of a model.</summary>
public sealed record ExpertShape
{
    /// <summary>Routed experts of a layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Routed experts that a token uses.</summary>
    public required int ActivePerToken { get; init; }

    /// <summary>FFN size of a routed expert.</summary>
    public required int FfnSize { get; init; }

    /// <summary>Experts that every token uses.</summary>
    public int SharedExperts { get; init; }

    /// <summary>FFN size of a shared expert.</summary>
    public int SharedFfnSize { get; init; }

    /// <summary>Layers at the bottom that keep a dense MLP.</summary>
    public int DenseLayersFirst { get; init; }

    /// <summary>Groups that routing first chooses between; 1 without grouping.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups that a token keeps.</summary>
    public int GroupsKept { get; init; } = 1;

    /// <summary>The router has a bias per expert.</summary>
    public bool RouterBias { get; init; }

    /// <summary>The expert MLPs have biases.</summary>
    public bool ExpertBias { get; init; }
}
