using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Composition;

/// <summary>One registered policy, router or predictor.</summary>
public sealed class PolicyEntry
{
    private readonly PolicyAttribute _attribute;

    internal PolicyEntry(PolicyKind kind, PolicyAttribute attribute, Type type)
    {
        _attribute = attribute;
        Kind = kind;
        Type = type;
    }

    /// <summary>What it decides.</summary>
    public PolicyKind Kind { get; }

    /// <summary>The class.</summary>
    public Type Type { get; }

    /// <summary>Registered name.</summary>
    public string Name => _attribute.Name;

    /// <summary>The idea in one sentence.</summary>
    public string Summary => _attribute.Summary;

    /// <summary>The paper or system that it comes from.</summary>
    public string? Paper => _attribute.Paper;

    /// <summary>True if it looks at true output lengths.</summary>
    public bool UsesOracle => _attribute.UsesOracle;

    /// <summary>True if its constructor asks for a length predictor.</summary>
    public bool NeedsPredictor => Parameters.Any(p => p == typeof(ILengthPredictor));

    /// <summary>The predictor that it gets if none is chosen.</summary>
    public string DefaultPredictor => _attribute.Predictor ?? "oracle";

    /// <summary>True if its later questions to a predictor do not depend on the executor.</summary>
    public bool RefinesPredictions => _attribute.RefinesPredictions;

    /// <summary>Its options record, or null.</summary>
    public Type? OptionsType => Parameters.FirstOrDefault(RecordShape.IsOptions);

    /// <summary>Its options in declared order.</summary>
    public IReadOnlyList<RecordField> Options => OptionsType is { } type ? RecordShape.Of(type).Fields : [];

    /// <summary>What its constructor asks for.</summary>
    internal IEnumerable<Type> Parameters => Type.GetConstructors().MaxBy(c => c.GetParameters().Length)?.GetParameters().Select(p => p.ParameterType) ?? [];
}
