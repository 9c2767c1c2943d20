namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>Sums over the prefill chunks of a batch, q new tokens after c cached ones each.</summary>
/// <param name="Tokens">Sum of q.</param>
/// <param name="Keys">Sum of c + q.</param>
/// <param name="Pairs">Sum of q·c + q(q + 1)/2.</param>
/// <param name="PaddedPairs">The same with q rounded up to tiles of 128 rows where chunks meet themselves: q·c + q̂(q̂ + 128)/2.</param>
/// <param name="Tiles">Sum of ⌈q/128⌉.</param>
/// <param name="LongestKeys">Largest c + q.</param>
/// <param name="FinePairs">Pairs of whole tiles of 64 rows: q̂·c + q̂(q̂ + 64)/2.</param>
/// <param name="FineTiles">Sum of ⌈q/64⌉.</param>
/// <param name="LongestFineTiles">Largest ⌈q/64⌉.</param>
public readonly record struct PrefillWork(
    double Tokens, double Keys, double Pairs, double PaddedPairs, double Tiles, double LongestKeys, double FinePairs, double FineTiles, double LongestFineTiles)
{
    /// <summary>Rows of a tile.</summary>
    public const double TileRows = 128;

    /// <summary>Rows of a tile of kernels that read a paged cache.</summary>
    public const double FineTileRows = 64;

    /// <summary>One chunk.</summary>
    public static PrefillWork Of(double tokens, double cached) => Of(tokens, cached, 1);

    /// <summary>So many equal chunks.</summary>
    public static PrefillWork Of(double tokens, double cached, double chunks)
    {
        var (tiles, fine) = (Math.Ceiling(tokens / TileRows), Math.Ceiling(tokens / FineTileRows));
        var pairs = (tokens * cached) + (tokens * (tokens + 1) / 2);
        return new(chunks * tokens, chunks * (tokens + cached), chunks * pairs, chunks * (pairs + Padding(tokens)), chunks * tiles, tokens + cached,
            chunks * (pairs + FinePadding(tokens, cached)), chunks * fine, fine);
    }

    /// <summary>Pairs that rounding q up to whole tiles of 128 rows adds: q̂(q̂ + 128)/2 − q(q + 1)/2.</summary>
    public static double Padding(double tokens)
    {
        var padded = Math.Ceiling(tokens / TileRows) * TileRows;
        return (padded * (padded + TileRows) / 2) - (tokens * (tokens + 1) / 2);
    }

    /// <summary>Pairs that rounding q up to whole tiles of 64 rows adds, those with cached tokens included.</summary>
    public static double FinePadding(double tokens, double cached)
    {
        var padded = Math.Ceiling(tokens / FineTileRows) * FineTileRows;
        return ((padded - tokens) * cached) + (padded * (padded + FineTileRows) / 2) - (tokens * (tokens + 1) / 2);
    }
}
