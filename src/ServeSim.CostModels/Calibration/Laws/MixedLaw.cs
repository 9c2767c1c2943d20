using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// FlashAttention-2 with prefill and decodes in one launch, where a decode occupies a tile of 128 rows:
/// t = t0 + √(A² + C²), A the throughput of all tiles, C the longest chain of them.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="PrefillCompute">ep.</param>
/// <param name="DecodeCompute">ed; above 1 because padded rows are partly skipped.</param>
/// <param name="Traffic">io.</param>
/// <param name="TileMicroseconds">Per (query head, tile) on one multiprocessor.</param>
/// <param name="Chain">Weight of the longest chain.</param>
public readonly record struct MixedLaw(
    double StartMicroseconds, double PrefillCompute, double DecodeCompute, double Traffic, double TileMicroseconds, double Chain)
{
    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 5, 1, 60), new("ec_prefill", 0.6, 0.05, 3), new("ec_decode_rows", 0.6, 0.05, 6), new("io", 1.2, 0.01, 20),
        new("tile_us", 1, 1e-3, 30), new("crit", 0.5, 1e-3, 10),
    ];

    internal static MixedLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2], c[3], c[4], c[5]);

    /// <summary>One launch.</summary>
    public double Microseconds(
        in AttentionShape heads, in PrefillWork work, double sequences, double keys, double longestDecodeKeys, in DeviceRates device) =>
        On(heads, device).Microseconds(work, sequences, keys, longestDecodeKeys);

    /// <summary>The law with heads and device put in: multiplications and one root are left.</summary>
    internal MixedTerms On(in AttentionShape heads, in DeviceRates device)
    {
        var row = 4 * heads.QueryHeads * heads.HeadSize / device.FlopsPerMicrosecond;
        var bytes = Traffic * 2 * heads.HeadSize / device.BytesPerMicrosecond;
        return new(StartMicroseconds, row / PrefillCompute, row * PrefillWork.TileRows / DecodeCompute, bytes * 2 * heads.QueryHeads,
            bytes * heads.KvBytes * heads.KvHeads, TileMicroseconds * heads.QueryHeads / device.Multiprocessors,
            Chain * 4 * heads.HeadSize * PrefillWork.TileRows * device.Multiprocessors / device.FlopsPerMicrosecond);
    }
}

/// <summary>Factors of <see cref="MixedLaw"/> for one device and one set of heads.</summary>
internal readonly record struct MixedTerms(double Start, double PerPair, double PerDecodeKey, double PerRow, double PerKey, double PerTile, double PerLongest)
{
    public double Microseconds(in PrefillWork work, double sequences, double keys, double longestDecodeKeys)
    {
        var all = (PerPair * work.PaddedPairs) + (PerDecodeKey * keys) + (PerRow * (work.Tokens + sequences)) + (PerKey * work.Keys)
            + (PerTile * (sequences + work.Tiles));
        var chain = PerLongest * Math.Max(work.LongestKeys, longestDecodeKeys);
        return Start + Math.Sqrt((all * all) + (chain * chain));
    }
}
