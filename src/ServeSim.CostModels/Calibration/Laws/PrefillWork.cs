namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>Sums over the prefill chunks of a batch, q new tokens after c cached ones each.</summary>
/// <param name="Tokens">Sum of q.</param>
/// <param name="Keys">Sum of c + q.</param>
/// <param name="Pairs">Sum of q·c + q(q + 1)/2.</param>
/// <param name="PaddedPairs">The same with q rounded up to tiles of 128 rows: q·c + q̂(q̂ + 128)/2.</param>
/// <param name="Tiles">Sum of ⌈q/128⌉.</param>
/// <param name="LongestKeys">Largest c + q.</param>
public readonly record struct PrefillWork(double Tokens, double Keys, double Pairs, double PaddedPairs, double Tiles, double LongestKeys)
{
    /// <summary>Rows of a tile.</summary>
    public const double TileRows = 128;

    /// <summary>One chunk.</summary>
    public static PrefillWork Of(double tokens, double cached) => Of(tokens, cached, 1);

    /// <summary>So many equal chunks.</summary>
    public static PrefillWork Of(double tokens, double cached, double chunks)
    {
        var tiles = Math.Ceiling(tokens / TileRows);
        var padded = tiles * TileRows;
        return new(chunks * tokens, chunks * (tokens + cached), chunks * ((tokens * cached) + (tokens * (tokens + 1) / 2)),
            chunks * ((tokens * cached) + (padded * (padded + TileRows) / 2)), chunks * tiles, tokens + cached);
    }
}
