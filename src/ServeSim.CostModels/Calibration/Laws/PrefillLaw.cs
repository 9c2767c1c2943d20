using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + flops / ec·F + bytes / eb·BW + tile · tiles·h/S + the longest chain of tiles on one multiprocessor, which no other
/// can shorten.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec for heads of 128 elements.</param>
/// <param name="Bandwidth">eb.</param>
/// <param name="Chain">Weight of the longest chain.</param>
/// <param name="HeadSizeExponent">Shorter heads reach (size/128)^exponent of ec.</param>
/// <param name="TileMicroseconds">Microseconds per (query head, tile of 128 rows) on one multiprocessor.</param>
public readonly record struct PrefillLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Chain, double HeadSizeExponent, double TileMicroseconds = 0)
{
    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 9, 1, 60), new("ec", 0.7, 0.05, 2), new("eb", 0.5, 0.02, 20), new("crit", 0.4, 1e-4, 10),
        new("head_size_exp", 0.4, 1e-3, 3), new("tile_us", 1, 1e-3, 30),
    ];

    internal static PrefillLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2], c[3], c[4], c[5]);

    /// <summary>One launch over all chunks.</summary>
    public double Microseconds(in AttentionShape heads, in PrefillWork work, in DeviceRates device) => On(heads, device).Microseconds(work);

    /// <summary>The law with heads and device put in: multiplications are left.</summary>
    internal PrefillTerms On(in AttentionShape heads, in DeviceRates device)
    {
        var bytes = 2 * heads.HeadSize / (Bandwidth * device.BytesPerMicrosecond);
        return new(StartMicroseconds, 4 * heads.QueryHeads * heads.HeadSize / (ComputeAt(heads.HeadSize) * device.FlopsPerMicrosecond),
            bytes * 2 * heads.QueryHeads, bytes * heads.KvBytes * heads.KvHeads, TileMicroseconds * heads.QueryHeads / device.Multiprocessors,
            Chain * 4 * heads.HeadSize * PrefillWork.TileRows * device.Multiprocessors / device.FlopsPerMicrosecond);
    }

    private double ComputeAt(double headSize) => headSize >= 128 ? Compute : Compute * DetMath.Pow(headSize / 128, HeadSizeExponent);
}

/// <summary>Factors of <see cref="PrefillLaw"/> for one device and one set of heads.</summary>
internal readonly record struct PrefillTerms(double Start, double PerPair, double PerRow, double PerKey, double PerTile, double PerLongest)
{
    public double Microseconds(in PrefillWork work) => Start + (PerPair * work.Pairs) + (PerRow * work.Tokens) + (PerKey * work.Keys)
        + (PerTile * work.Tiles) + (PerLongest * work.LongestKeys);
}
