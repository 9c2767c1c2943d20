using System.Diagnostics.CodeAnalysis;

namespace ServeSim.Abstractions;

/// <summary>The shares that tenants are entitled to; one that is not listed has weight 1.</summary>
public sealed class TenantWeights : IEquatable<TenantWeights>
{
    /// <summary>Everybody alike.</summary>
    public static readonly TenantWeights Equal = new([]);

    private readonly SortedDictionary<string, double> _weights = new(StringComparer.Ordinal);

    /// <summary>Weights by name; of a name given twice the last one counts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight is not a positive finite number.</exception>
    public TenantWeights(IEnumerable<KeyValuePair<string, double>> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        foreach (var (name, weight) in weights)
        {
            if (!(weight > 0 && double.IsFinite(weight))) throw new ArgumentOutOfRangeException(nameof(weights), weight, $"the weight of tenant \"{name}\" must be above 0");
            _weights[name] = weight;
        }
    }

    /// <summary>Names and weights as given, by name.</summary>
    public IReadOnlyDictionary<string, double> Listed => _weights;

    /// <summary>The weight of a tenant.</summary>
    public double this[string tenant] => _weights.TryGetValue(tenant, out var weight) ? weight : 1;

    /// <summary>Same names, same weights.</summary>
    public bool Equals([NotNullWhen(true)] TenantWeights? other) => other is not null && _weights.SequenceEqual(other._weights);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TenantWeights);

    /// <inheritdoc/>
    public override int GetHashCode() => _weights.Count;
}
