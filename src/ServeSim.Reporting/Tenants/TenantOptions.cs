using ServeSim.Abstractions;

namespace ServeSim.Reporting.Tenants;

/// <summary>How the service of tenants is measured.</summary>
public sealed record TenantOptions
{
    /// <summary>Shares of the tenants.</summary>
    public TenantWeights Weights { get; init; } = TenantWeights.Equal;

    /// <summary>Service of a prompt token.</summary>
    public double InputPrice { get; init; } = 1;

    /// <summary>Service of an output token.</summary>
    public double OutputPrice { get; init; } = 2;
}
