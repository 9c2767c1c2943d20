using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + chain · (d + f)/1024 + unaligned · smooth-max(flops of whole tiles / ec·F, weights read / eb·BW) + moved / BW on the rank that
/// has most to do. Moved are the rows of all ranks that every rank gathers and scatters (permute), what its own experts read and write
/// (local) and the rows that it clears for experts of others (clear). Rows of an expert fill whole tiles; weights that outgrow the
/// cache are read again for each tile, weights that a repeated benchmark finds in the cache are read faster.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec.</param>
/// <param name="Bandwidth">eb.</param>
/// <param name="Exponent">p.</param>
/// <param name="Permute">Multiplier of gathered and scattered bytes.</param>
/// <param name="SkewedCoverage">Under skewed routing a batch touches as many experts as one of this share of its tokens does under uniform routing.</param>
/// <param name="SkewedSpread">Under skewed routing the busiest of ep ranks has 1 + spread · (ep − 1)/√experts times the mean load.</param>
/// <param name="ChainMicroseconds">Serial loops over the inputs of both products, per 1024.</param>
/// <param name="Unaligned">Slow-down where rows of the weights are no multiple of 16 elements, so that vector loads fail.</param>
/// <param name="Local">Multiplier of activation bytes.</param>
/// <param name="Clear">Multiplier of cleared bytes.</param>
/// <param name="TileRows">Rows of a tile; an expert's last tile is partly empty.</param>
/// <param name="CrowdedTileRows">The same once there are more tokens than experts on the rank.</param>
/// <param name="Tuned">Gain in ec of layers that the engine ships tuned tiles for, see <see cref="TunedExperts"/>.</param>
/// <param name="UngatedMatrices">Matrices that a layer without a gate takes the time of: 2, or 3 where the engine ran it as a gated one.</param>
/// <param name="CachedFill">Weights up to this share of the last-level cache stay there between repetitions of a benchmark.</param>
/// <param name="CachedGain">Speed-up of those; 1 in an engine, whose other layers come between.</param>
/// <param name="RereadFill">Share of the cache from which one expert's first matrices are read again for each tile; 0 where they never are.</param>
/// <param name="RereadRows">Rows that share a reading.</param>
/// <param name="OddStart">Multiplier of t0 for gated layers whose whole FFN size is no multiple of 128, which fall back to another kernel.</param>
/// <param name="OddCompute">The same of compute time.</param>
/// <param name="OddMemory">The same of memory time.</param>
public readonly record struct ExpertLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Exponent, double Permute, double SkewedCoverage = 1, double SkewedSpread = 0,
    double ChainMicroseconds = 0, double Unaligned = 1, double Local = 1, double Clear = 0, double TileRows = 1, double CrowdedTileRows = 1,
    double Tuned = 1, double UngatedMatrices = 2, double CachedFill = 1, double CachedGain = 1, double RereadFill = 0, double RereadRows = 64,
    double OddStart = 1, double OddCompute = 1, double OddMemory = 1)
{
    private const double AlignedElements = 16;
    private const double OddElements = 128;
    private const double SmallestReread = 8;    // rows; fewer share the first reading

    internal static readonly FitConstant[] Constants =
    [
        new("t0_us", 20, 1, 200), new("ec", 0.4, 0.02, 1.5), new("eb", 0.8, 0.05, 1.5), new("p", 1.5, 1.05, 8), new("permute", 1.5, 0.01, 20),
        new("skewed_coverage", 0.7, 0.02, 1), new("skewed_spread", 2, 0.01, 8), new("chain_us", 0.5, 1e-3, 20), new("unaligned", 1.5, 1, 8),
        new("local", 1, 1e-3, 30), new("clear", 1, 1e-3, 30), new("tile_rows", 16, 1, 256), new("crowded_tile_rows", 16, 1, 256),
        new("tuned", 1.5, 1, 4), new("ungated_matrices", 2.5, 2, 3), new("cached_fill", 1.1, 0.3, 3), new("cached_gain", 2.5, 1, 10),
        new("reread_fill", 0.3, 0.02, 10), new("reread_rows", 64, 8, 512), new("odd_start", 1, 0.2, 5), new("odd_compute", 1, 0.2, 5),
        new("odd_memory", 1, 0.2, 5),
    ];

    internal static ExpertLaw Of(ReadOnlySpan<double> c) => new(
        c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14], c[15], c[16], c[17], c[18], c[19], c[20], c[21]);

    /// <summary>As an engine runs it: nothing stays in the cache from one layer's turn to its next.</summary>
    public ExpertLaw InEngine() => this with { CachedGain = 1 };

    /// <summary>For weights that are padded to whole blocks, so that no size falls back to another kernel: those of four bits.</summary>
    public ExpertLaw OfPaddedWeights() => this with { OddStart = 1, OddCompute = 1, OddMemory = 1, Unaligned = 1 };

    /// <summary>Experts of the layer that so many tokens of all ranks touch on one rank.</summary>
    public static double ActiveExperts(double tokens, double perToken, double experts, double expertRanks, double coverage = 1) =>
        experts / expertRanks * (1 - DetMath.Pow(1 - (1 / experts), tokens * perToken * coverage));

    /// <summary>Experts that the rank reads. Whoever waits for the busiest rank waits for at least one expert.</summary>
    public double Touched(in ExpertLayer layer, double tokens, ExpertRouting routing)
    {
        var rows = tokens * layer.PerToken;
        return Math.Max(Math.Min(1, rows), routing switch
        {
            ExpertRouting.Balanced => Math.Min(layer.Experts, rows) / layer.ExpertRanks,
            ExpertRouting.Skewed => ActiveExperts(tokens, layer.PerToken, layer.Experts, layer.ExpertRanks, SkewedCoverage),
            _ => ActiveExperts(tokens, layer.PerToken, layer.Experts, layer.ExpertRanks),
        });
    }

    /// <summary>Load of the busiest rank over the mean; no expert can have a token twice.</summary>
    public double Imbalance(in ExpertLayer layer, ExpertRouting routing) => routing != ExpertRouting.Skewed || layer.ExpertRanks <= 1 ? 1
        : Math.Min(Math.Min(layer.ExpertRanks, Math.Max(1, layer.Experts / layer.PerToken)),
            1 + (SkewedSpread * (layer.ExpertRanks - 1) / Math.Sqrt(layer.Experts)));

    /// <summary>One execution for so many tokens of all ranks.</summary>
    /// <param name="layer">Experts.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="routing">How they choose.</param>
    /// <param name="weightBytes">Bytes of a weight.</param>
    /// <param name="device">Rates.</param>
    /// <param name="isTuned">Whether the engine ships tuned tiles for the layer.</param>
    /// <param name="touched">Experts that are read, where the caller knows better than <see cref="Touched"/>.</param>
    public double Microseconds(in ExpertLayer layer, double tokens, ExpertRouting routing, double weightBytes, in DeviceRates device, bool isTuned = false, double? touched = null)
    {
        if (tokens == 0) return 0;
        var (read, imbalance) = (touched ?? Touched(layer, tokens, routing), Imbalance(layer, routing));
        var timed = layer with { Matrices = layer.Matrices < 3 ? UngatedMatrices : layer.Matrices };
        var rows = timed.Rows(tokens) * imbalance;
        var weights = timed.ExpertWeights * read * weightBytes;
        var tileRows = isTuned || tokens <= layer.Experts / layer.ExpertRanks ? TileRows : CrowdedTileRows;
        var compute = 2 * timed.ExpertWeights * Padded(rows, read, tileRows, routing) / (Compute * (isTuned ? Tuned : 1) * device.FlopsPerMicrosecond);
        var memory = weights * Readings(timed, tokens, rows / read, weightBytes, device) * Cached(weights / device.L2Bytes) / (Bandwidth * device.BytesPerMicrosecond);
        var isOdd = layer.Matrices >= 3 && layer.WholeFfnSize % OddElements != 0;
        var kernels = isOdd ? SmoothMaximum.Of(compute * OddCompute, memory * OddMemory, Exponent) : SmoothMaximum.Of(compute, memory, Exponent);
        var inner = 2 * timed.Matrices * layer.FfnSize;
        var moved = (Permute * layer.PermutedBytes(tokens)) + (Local * rows * ((4 * layer.Hidden) + inner)) + (Clear * tokens * layer.PerToken * inner);
        return (isOdd ? StartMicroseconds * OddStart : StartMicroseconds) + (ChainMicroseconds * (layer.Hidden + layer.FfnSize) / 1024)
            + ((layer.FfnSize % AlignedElements == 0 ? 1 : Unaligned) * kernels) + (moved / device.BytesPerMicrosecond);
    }

    // Rows as tiles count them. Loads that are not dealt out evenly are spread about exponentially: E⌈x/tile⌉ = 1 / (1 − e^(−tile/x)).
    private static double Padded(double rows, double experts, double tileRows, ExpertRouting routing)
    {
        if (tileRows <= 1) return rows;
        var full = experts * tileRows;
        return Math.Max(rows, full * (routing == ExpertRouting.Balanced ? Math.Ceiling((rows / full) - 1e-9) : 1 / (1 - DetMath.Exp(-full / rows))));
    }

    // Times that an expert's weights come from memory: once, and again for each further tile as far as the cache has lost them.
    private double Readings(in ExpertLayer layer, double tokens, double rowsOfExpert, double weightBytes, in DeviceRates device)
    {
        if (RereadFill == 0) return 1;
        var tiles = Math.Max(1, rowsOfExpert / RereadRows);

        // Tiles are chosen for the mean load of the rank: alone, a rank takes two where it could do with one.
        if (layer.ExpertRanks == 1 && layer.Rows(tokens) / layer.Experts > SmallestReread) tiles = Math.Max(2, tiles);
        var fill = (layer.Matrices - 1) * layer.Hidden * layer.FfnSize * weightBytes / (RereadFill * device.L2Bytes);
        return 1 + ((tiles - 1) * fill * fill / (1 + (fill * fill)));
    }

    // Share of the memory's time that is left for weights which fill so much of the cache; the step at the brim is sharp.
    private double Cached(double fill)
    {
        if (CachedGain == 1) return 1;
        var cubed = fill / CachedFill * (fill / CachedFill) * (fill / CachedFill);
        var resident = 1 / (1 + (cubed * cubed));
        return 1 - resident + (resident / CachedGain);
    }
}
