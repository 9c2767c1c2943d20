using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// FlashAttention-2 with prefill and decodes in one launch, where a decode occupies a whole tile of rows. A is the throughput of all
/// tiles, C the longest chain of them and L = C + tile. As published, with tiles of 128 rows: t = t0 + √(A² + C²). With the tiles of 64 rows that
/// paged kernels have: t = t0 + (1 − waves)·(A⁴ + C⁴)^¼ + waves·min(⌈tiles·h/S⌉·L, A + L), the second what whole waves of the longest
/// tiles take, or one more of them than the average. A grid has room for the longest chunk in every sequence: empty tiles cost a little too.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="PrefillCompute">ep.</param>
/// <param name="DecodeCompute">ed; with the published tiles above 1 because padded rows are partly skipped.</param>
/// <param name="Traffic">io.</param>
/// <param name="TileMicroseconds">Per (query head, tile) on one multiprocessor.</param>
/// <param name="Chain">Weight of the longest chain.</param>
/// <param name="EmptyMicroseconds">Per (query head, empty tile) on one multiprocessor.</param>
/// <param name="Waves">Share of the whole waves.</param>
/// <param name="TileRows">Rows of a tile: 128 as published, or 64.</param>
public readonly record struct MixedLaw(
    double StartMicroseconds, double PrefillCompute, double DecodeCompute, double Traffic, double TileMicroseconds, double Chain,
    double EmptyMicroseconds = 0, double Waves = 0, double TileRows = PrefillWork.TileRows)
{
    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 5, 1, 60), new("ec_prefill", 0.6, 0.05, 3), new("ec_decode_rows", 0.6, 0.05, 6), new("io", 1.2, 0.01, 20),
        new("tile_us", 1, 1e-3, 30), new("crit", 0.5, 1e-3, 10), new("empty_us", 0.1, 1e-4, 10), new("waves", 0.4, 1e-3, 1),
    ];

    internal static MixedLaw Of(ReadOnlySpan<double> c) =>
        c.Length == 6 ? new(c[0], c[1], c[2], c[3], c[4], c[5]) : new(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], PrefillWork.FineTileRows);

    /// <summary>One launch.</summary>
    public double Microseconds(
        in AttentionShape heads, in PrefillWork work, double sequences, double keys, double longestDecodeKeys, in DeviceRates device) =>
        On(heads, device).Microseconds(work, sequences, keys, longestDecodeKeys);

    /// <summary>The law with heads and device put in: multiplications and one or two roots are left.</summary>
    internal MixedTerms On(in AttentionShape heads, in DeviceRates device)
    {
        var row = 4 * heads.QueryHeads * heads.HeadSize / device.FlopsPerMicrosecond;
        var bytes = Traffic * 2 * heads.HeadSize / device.BytesPerMicrosecond;
        var occupied = heads.QueryHeads / device.Multiprocessors;
        return new(StartMicroseconds, row / PrefillCompute, row * TileRows / DecodeCompute, bytes * 2 * heads.QueryHeads,
            bytes * heads.KvBytes * heads.KvHeads, TileMicroseconds * occupied, Chain * 4 * heads.HeadSize * TileRows * device.Multiprocessors / device.FlopsPerMicrosecond,
            EmptyMicroseconds * occupied, TileRows == PrefillWork.TileRows ? 0 : Waves, occupied, TileMicroseconds);
    }
}

/// <summary>Factors of <see cref="MixedLaw"/> for one device and one set of heads; no waves for the published form.</summary>
internal readonly record struct MixedTerms(
    double Start, double PerPair, double PerDecodeKey, double PerRow, double PerKey, double PerTile, double PerLongest, double PerEmpty, double Waves,
    double WavesPerTile, double Tile)
{
    public double Microseconds(in PrefillWork work, double sequences, double keys, double longestDecodeKeys)
    {
        var moved = (PerDecodeKey * keys) + (PerRow * (work.Tokens + sequences)) + (PerKey * work.Keys);
        var chain = PerLongest * Math.Max(work.LongestKeys, longestDecodeKeys);
        if (Waves == 0)
        {
            var sum = (PerPair * work.PaddedPairs) + moved + (PerTile * (sequences + work.Tiles));
            return Start + Math.Sqrt((sum * sum) + (chain * chain));
        }

        var tiles = sequences + work.FineTiles;
        var all = (PerPair * work.FinePairs) + moved + (PerTile * tiles) + (PerEmpty * sequences * (work.LongestFineTiles - 1));
        var (squared, longest) = ((all * all), chain + Tile);
        var waves = Math.Min(Math.Ceiling(WavesPerTile * tiles) * longest, all + longest);
        return Start + ((1 - Waves) * Math.Sqrt(Math.Sqrt((squared * squared) + (chain * chain * chain * chain)))) + (Waves * waves);
    }
}
