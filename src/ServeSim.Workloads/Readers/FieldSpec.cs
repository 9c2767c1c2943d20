using System.Text;

namespace ServeSim.Workloads.Readers;

/// <summary>A column or key of a layout.</summary>
/// <param name="Name">As the layout spells it.</param>
/// <param name="Field">What it means.</param>
/// <param name="Kind">How it is read.</param>
/// <param name="Required">A line without it is an error.</param>
/// <param name="Unit">Of times: 9 for seconds, 6 for milliseconds, 3 for microseconds, 0 for nanoseconds.</param>
/// <param name="Min">Smallest allowed integer.</param>
/// <param name="Max">Largest allowed integer.</param>
internal sealed record FieldSpec(
    string Name, TraceField Field, FieldKind Kind, bool Required = false, int Unit = 0, long Min = 0, long Max = int.MaxValue)
{
    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(Name);
}
