namespace ServeSim.CostModels.Precision;

/// <summary>Format of the KV cache.</summary>
/// <param name="Name">Name.</param>
/// <param name="ElementBytes">Bytes of an element.</param>
/// <param name="HeadBytes">Bytes of scale and zero per token, head and K or V.</param>
/// <param name="Efficiency">Multiplier of the bandwidth that attention reaches.</param>
public sealed record KvFormat(string Name, double ElementBytes, double HeadBytes, double Efficiency)
{
    /// <summary>Two bytes.</summary>
    public static readonly KvFormat Bf16 = new("kv-bf16", 2, 0, 1);

    /// <summary>One byte, scaled per tensor.</summary>
    public static readonly KvFormat Fp8 = new("kv-fp8", 1, 0, 0.97);

    /// <summary>One byte, scaled per head.</summary>
    public static readonly KvFormat Int8 = new("kv-int8", 1, 4, 0.95);

    /// <summary>Half a byte, scaled per head.</summary>
    public static readonly KvFormat Int4 = new("kv-int4", 0.5, 4, 0.8);

    /// <summary>Every format.</summary>
    public static readonly IReadOnlyList<KvFormat> All = [Bf16, Fp8, Int8, Int4];

    /// <summary>Bytes of an element with its share of the scales.</summary>
    public double BytesPerElement(double headSize) => ElementBytes + (HeadBytes / headSize);

    /// <summary>A format by name, or null.</summary>
    public static KvFormat? Find(string name) => All.FirstOrDefault(format => string.Equals(format.Name, name, StringComparison.OrdinalIgnoreCase));
}
