using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + KV bytes / eb·BW + tile · n·kv/S + row · n·h/S + longest context + swap + split. For a given batch it is affine in
/// the context but for one step, so decode iterations can be summed in closed form.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Bandwidth">eb.</param>
/// <param name="TileMicroseconds">Microseconds of a (sequence, KV head) tile on one multiprocessor.</param>
/// <param name="PerKiloContextMicroseconds">Microseconds per 1024 tokens of the longest context.</param>
/// <param name="RowMicroseconds">Microseconds of a (sequence, query head) row on one multiprocessor.</param>
/// <param name="SwapMicroseconds">Copy that grouped queries need when there are several sequences and several KV heads.</param>
/// <param name="SplitMicroseconds">Second kernel that joins the parts of a context longer than one block of keys.</param>
public readonly record struct DecodeLaw(
    double StartMicroseconds, double Bandwidth, double TileMicroseconds, double PerKiloContextMicroseconds,
    double RowMicroseconds = 0, double SwapMicroseconds = 0, double SplitMicroseconds = 0)
{
    /// <summary>A block of keys holds so many elements per head: 128 tokens of 128, 256 of 64.</summary>
    private const double BlockElements = 128 * 128;

    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 9, 1, 60), new("eb", 0.8, 0.05, 2), new("tile_us", 3, 1e-3, 30), new("per_kctx_us", 0.2, 1e-4, 10),
        new("row_us", 0.1, 1e-4, 10), new("swap_us", 1, 1e-3, 20), new("split_us", 1, 1e-3, 30),
    ];

    internal static DecodeLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2], c[3], c[4], c[5], c[6]);

    /// <summary>Longest context that is not split.</summary>
    public static double BlockTokens(double headSize) => Math.Floor(BlockElements / headSize);

    /// <summary>Decodes of so many sequences whose contexts sum to <paramref name="keys"/>.</summary>
    public double Microseconds(in AttentionShape heads, double sequences, double keys, double longestKeys, in DeviceRates device) =>
        StartMicroseconds + Fixed(heads, sequences, device) + (PerKey(heads, device) * keys) + (PerKiloContextMicroseconds * longestKeys / 1024)
        + (longestKeys > BlockTokens(heads.HeadSize) ? SplitMicroseconds : 0);

    /// <summary>Part that only the number of sequences sets, without t0.</summary>
    public double Fixed(in AttentionShape heads, double sequences, in DeviceRates device) =>
        (sequences * ((TileMicroseconds * heads.KvHeads) + (RowMicroseconds * heads.QueryHeads)) / device.Multiprocessors)
        + (sequences > 1 && heads.KvHeads > 1 && heads.QueryHeads > heads.KvHeads ? SwapMicroseconds : 0);

    /// <summary>Microseconds per token of context.</summary>
    public double PerKey(in AttentionShape heads, in DeviceRates device) =>
        2 * heads.KvHeads * heads.HeadSize * heads.KvBytes / (Bandwidth * device.BytesPerMicrosecond);
}
