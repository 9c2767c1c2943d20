using System.Reflection;

namespace ServeSim.Conformance.Architecture;

/// <summary>References go one way: Cli, Experiments, then five that do not know each other, then Abstractions.</summary>
public sealed class ReferenceGraphTests
{
    private const string Prefix = "ServeSim.";

    public static TheoryData<string, string[]> Allowed => new()
    {
        { "ServeSim.Abstractions", [] },
        { "ServeSim.Engine", ["Abstractions"] },
        { "ServeSim.Policies", ["Abstractions"] },
        { "ServeSim.CostModels", ["Abstractions"] },
        { "ServeSim.Workloads", ["Abstractions"] },
        { "ServeSim.Reporting", ["Abstractions"] },
        { "ServeSim.Experiments", ["Abstractions", "Engine", "Policies", "CostModels", "Workloads", "Reporting"] },
        { "servesim", ["Abstractions", "Engine", "Policies", "CostModels", "Workloads", "Reporting", "Experiments"] },
    };

    [Theory, MemberData(nameof(Allowed))]
    public void An_assembly_knows_only_those_below_it(string assembly, string[] allowed)
    {
        var known = Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!)
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..]);
        Assert.Empty(known.Except(allowed));
    }
}
