using ServeSim.Abstractions;
using ServeSim.CostModels.Data;

namespace ServeSim.CostModels.Hardware;

/// <summary>The links that ServeSim knows by name.</summary>
public static class LinkCatalog
{
    private static readonly Catalogue<LinkSpec> _links = new("links.txt", Read, line => [Catalogue<LinkSpec>.FirstName(line)]);

    /// <summary>Every link, in the order of the data file.</summary>
    public static IReadOnlyList<LinkSpec> All => _links.All;

    /// <summary>A link by name, case ignored.</summary>
    /// <exception cref="InputException">No link is called that.</exception>
    public static LinkSpec Get(string name) => _links.Get("link", name);

    private static LinkSpec Read(string text)
    {
        var line = new DataLine(text);
        var nominal = line.Double("gbps");
        return new(line.Name, line.Double("us"), nominal, line.OptionalDouble("effective") ?? nominal,
            line.OptionalDouble("write"), line.Text("source"), line.Text("confidence"));
    }
}
