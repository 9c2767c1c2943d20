using System.Globalization;

namespace ServeSim.CostModels.Calibration;

/// <summary>
/// Two factors that iterations measured on a machine fix: one on everything but attention, one on attention. They take out a bias that
/// constants measured elsewhere have everywhere alike, not one that differs between small and large batches (docs/guide/calibrate.md);
/// the host work of an iteration is not scaled.
/// </summary>
/// <param name="Device">Accelerator that was measured; the factors hold for it alone.</param>
/// <param name="Model">Model that ran.</param>
/// <param name="Tensor">Devices that shared every layer.</param>
/// <param name="Precision">Number formats.</param>
/// <param name="Dense">Factor on GEMMs, element-wise kernels, experts and collectives.</param>
/// <param name="Attention">Factor on attention kernels.</param>
/// <param name="Measured">The iterations as they were given, such as <c>decode 16x4096 25.1 ms</c>.</param>
public sealed record IterationScale(
    string Device, string Model, int Tensor, string Precision, double Dense, double Attention, IReadOnlyList<string> Measured)
{
    /// <summary>Factors further from 1 than this, either way, are a mistake in the measurement or its description.</summary>
    public const double Most = 5;

    /// <summary>What a report says of them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"dense work × {Dense:0.###}, attention × {Attention:0.###} by iterations measured with {Model}, tp {Tensor}, {Precision} ({string.Join(", ", Measured)})");

    internal static bool IsPlausible(double factor) => factor is >= 1 / Most and <= Most;
}
