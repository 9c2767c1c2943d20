using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ServeSim.Conformance.Architecture;

/// <summary>Simulation code may not use what differs between machines or runs: clocks, the platform's random numbers and its libm.</summary>
public sealed class BannedMemberTests
{
    private static readonly string[] BannedTypes = ["System.Random", "System.Diagnostics.Stopwatch", "System.Threading.Thread"];

    private static readonly string[] BannedMembers =
    [
        "System.Math.Exp", "System.Math.Log", "System.Math.Log2", "System.Math.Log10", "System.Math.Pow", "System.Math.FusedMultiplyAdd",
        "System.Math.Sin", "System.Math.Cos", "System.Math.Tanh", "System.Math.Cbrt", "System.Double.Exp", "System.Double.Log", "System.Double.Pow",
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Environment.get_TickCount", "System.Environment.get_TickCount64", "System.Guid.NewGuid", "System.String.GetHashCode", "System.HashCode.ToHashCode",
    ];

    public static TheoryData<string> Assemblies => ["ServeSim.Abstractions", "ServeSim.Engine", "ServeSim.Policies", "ServeSim.CostModels"];

    [Theory, MemberData(nameof(Assemblies))]
    public void An_assembly_that_simulates_uses_no_banned_member(string assembly) => Assert.Empty(BannedIn(Assembly.Load(assembly)));

    [Fact]
    public void The_scan_finds_a_banned_member_where_there_is_one() =>
        Assert.Contains("System.Math.Pow", BannedIn(typeof(BannedMemberTests).Assembly));

    /// <summary>Something for the scan to find.</summary>
    internal static double Offender(double x) => Math.Pow(x, 2.5);

    private static List<string> BannedIn(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        var found = new List<string>();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference) continue;
            var type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            var owner = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            var name = $"{owner}.{metadata.GetString(member.Name)}";
            if (BannedTypes.Contains(owner) || BannedMembers.Contains(name)) found.Add(name);
        }

        return found;
    }
}
