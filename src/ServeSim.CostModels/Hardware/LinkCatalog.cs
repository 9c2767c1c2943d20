using ServeSim.Abstractions;

namespace ServeSim.CostModels.Hardware;

/// <summary>The links that ServeSim knows by name.</summary>
public static class LinkCatalog
{
    /// <summary>Every link, in the order of the data file.</summary>
    public static IReadOnlyList<LinkSpec> All => HardwareData.Instance.Links;

    /// <summary>A link by name, case ignored.</summary>
    /// <exception cref="InputException">No link is called that.</exception>
    public static LinkSpec Get(string name) =>
        All.FirstOrDefault(link => string.Equals(link.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException($"link: unknown link \"{name}\"; {Suggestion.For(name, All.Select(link => link.Name))}");
}
