namespace ServeSim.Abstractions;

/// <summary>
/// Registers a policy, router or predictor under a name; it is found at start-up and nothing else needs to be edited.
/// Its constructor asks for what it needs by type: its options record, <see cref="RandomStream"/>,
/// <see cref="ILengthPredictor"/>, <see cref="IOracle"/> (only with <see cref="UsesOracle"/>), <see cref="ClusterShape"/> or <see cref="TenantWeights"/>.
/// </summary>
/// <param name="name">Name in kebab-case, unique among its kind.</param>
/// <param name="summary">The idea in one sentence.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PolicyAttribute(string name, string summary) : Attribute
{
    /// <summary>Name in kebab-case, unique among its kind.</summary>
    public string Name { get; } = name;

    /// <summary>The idea in one sentence.</summary>
    public string Summary { get; } = summary;

    /// <summary>The paper or system that it comes from.</summary>
    public string? Paper { get; init; }

    /// <summary>True if it looks at true output lengths; every report says so.</summary>
    public bool UsesOracle { get; init; }
}
