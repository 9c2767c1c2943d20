using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// t = t0 + chain · k/1024 + (quantise · m·k + spill · spilt) / BW + smooth-max(2·A·(k + edge) / ec·F, (weights + traffic · activations) / eb·BW).
/// A is the area m·n as the multiprocessors see it: whole tiles, in whole waves, the latter weakened to a power (waves) because
/// libraries also have tiles that are not listed here. A tile takes as long to fill its pipeline and to write its result as edge
/// further inputs would. Activations beyond twice the last-level cache are spilt: their way to memory adds to the time of a device that
/// its power limit holds. FP8 kernels also show the serial loop over k (chain) and the separate kernel that quantises the input.
/// </summary>
/// <param name="StartMicroseconds">t0.</param>
/// <param name="Compute">ec, share of the tensor rate.</param>
/// <param name="Bandwidth">eb, share of the memory bandwidth.</param>
/// <param name="Exponent">p.</param>
/// <param name="ChainMicroseconds">Per 1024 inputs.</param>
/// <param name="Traffic">Multiplier of activation bytes: a tile column reads them again.</param>
/// <param name="Quantise">Bytes per input element of the quantising kernel.</param>
/// <param name="Waves">Exponent of the area of whole waves over that of whole tiles; 0 leaves tiles out.</param>
/// <param name="MediumTile">Time per element of tiles of 128×128 over those of 256×128.</param>
/// <param name="SmallTile">The same for each halving below.</param>
/// <param name="EdgeInputs">edge.</param>
/// <param name="Spill">Multiplier of spilt bytes.</param>
public readonly record struct GemmLaw(
    double StartMicroseconds, double Compute, double Bandwidth, double Exponent, double ChainMicroseconds = 0, double Traffic = 1, double Quantise = 0,
    double Waves = 0, double MediumTile = 1, double SmallTile = 1, double EdgeInputs = 0, double Spill = 0)
{
    private const double SpillFill = 2;    // times the last-level cache

    internal static readonly FitConstant[] Bf16Constants =
    [
        new("t0_us", 4, 2, 60), new("ec", 0.75, 0.02, 1.5), new("eb", 0.8, 0.02, 1.5), new("p", 2.5, 1.05, 8),
        new("traffic", 1, 0.01, 10, 1), new("waves", 0.5, 1e-3, 1, 0), new("medium_tile", 1.2, 1, 3, 1), new("small_tile", 1.6, 1, 5, 1),
        new("edge", 100, 1, 3000, 0), new("spill", 0.3, 1e-3, 5, 0),
    ];

    internal static readonly FitConstant[] Fp8Constants =
    [
        .. Bf16Constants.AsSpan(0, 4), new("chain_us", 0.3, 1e-4, 10, 0), new("traffic", 1, 0.01, 10, 1), new("quantise", 1, 1e-3, 20, 0),
    ];

    internal static GemmLaw Of(ReadOnlySpan<double> c) => c.Length switch
    {
        4 => new(c[0], c[1], c[2], c[3]),
        7 => new(c[0], c[1], c[2], c[3], c[4], c[5], c[6]),
        _ => new(c[0], c[1], c[2], c[3], Traffic: c[4], Waves: c[5], MediumTile: c[6], SmallTile: c[7], EdgeInputs: c[8], Spill: c[9]),
    };

    /// <summary>Without the steps of tiles and waves: what residuals refer to, so that between two profiled numbers of rows nothing jumps twice.</summary>
    public GemmLaw WithoutTiles() => this with { Waves = 0 };

    /// <summary>m rows, n outputs, k inputs.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Outputs.</param>
    /// <param name="k">Inputs.</param>
    /// <param name="weightBytes">Bytes of a weight.</param>
    /// <param name="activationBytes">Bytes moved per input element.</param>
    /// <param name="device">Rates.</param>
    /// <param name="efficiency">Share of the rate left when weights must be expanded on the way.</param>
    public double Microseconds(double m, double n, double k, double weightBytes, double activationBytes, in DeviceRates device, double efficiency = 1) =>
        StartMicroseconds + (ChainMicroseconds * k / 1024) + (((Quantise * m * k) + Spilt((activationBytes * m * k) + (2 * m * n), device)) / device.BytesPerMicrosecond) + SmoothMaximum.Of(
            2 * Area(m, n, device.Multiprocessors) * (k + EdgeInputs) / (efficiency * Compute * device.FlopsPerMicrosecond),
            ((weightBytes * n * k) + (Traffic * ((activationBytes * m * k) + (2 * m * n)))) / (Bandwidth * device.BytesPerMicrosecond), Exponent);

    // Bytes that leave the cache on their way through the kernel.
    private double Spilt(double bytes, in DeviceRates device)
    {
        if (Spill == 0) return 0;
        var fill = bytes / (SpillFill * device.L2Bytes);
        var cubed = fill * fill * fill;
        return Spill * bytes * cubed / (1 + cubed);
    }

    // The cheapest tiling: every wave occupies all multiprocessors for the time of one tile, smaller tiles reach less of the peak.
    private double Area(double m, double n, double multiprocessors)
    {
        if (Waves == 0 || m * n == 0) return m * n;
        var medium = Tiled(m, n, 128, 128, multiprocessors, MediumTile);
        var small = Tiled(m, n, 64, 128, multiprocessors, MediumTile * SmallTile);
        var least = Tiled(m, n, 64, 64, multiprocessors, MediumTile * SmallTile * SmallTile);
        return Math.Min(Math.Min(Tiled(m, n, 256, 128, multiprocessors, 1), medium), Math.Min(small, least));
    }

    private double Tiled(double m, double n, double rows, double columns, double multiprocessors, double slowness)
    {
        var tiles = Math.Ceiling(m / rows) * Math.Ceiling(n / columns);
        return tiles * rows * columns * DetMath.Pow(slowness * Math.Ceiling(tiles / multiprocessors) * multiprocessors / tiles, Waves);
    }
}
