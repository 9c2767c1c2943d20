using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration;

/// <summary>
/// Measured over predicted time (tiles left out) of one operator of one profiled model, by number of rows. Inside the profiled range it
/// gives the accuracy of a table, outside the formula stands alone.
/// </summary>
/// <param name="Stack">Software stack.</param>
/// <param name="Device">Accelerator.</param>
/// <param name="Model">Model.</param>
/// <param name="Tensor">Tensor-parallel degree.</param>
/// <param name="Operator">Operator.</param>
/// <param name="Rows">Profiled numbers of rows, rising.</param>
/// <param name="Ratios">Measured over predicted.</param>
public sealed record ResidualCurve(string Stack, string Device, string Model, int Tensor, string Operator, double[] Rows, double[] Ratios)
{
    private const double Least = 0.5;
    private const double Most = 2;

    /// <summary>True within twice the profiled range.</summary>
    public bool Covers(double rows) => rows > 0 && rows >= Rows[0] / 2 && rows <= Rows[^1] * 2;

    /// <summary>Factor for so many rows: linear in their logarithm, held to [0.5, 2], 1 beyond twice the profiled range.</summary>
    public double At(double rows)
    {
        if (!Covers(rows)) return 1;
        if (rows <= Rows[0]) return Math.Clamp(Ratios[0], Least, Most);
        if (rows >= Rows[^1]) return Math.Clamp(Ratios[^1], Least, Most);
        var above = Array.BinarySearch(Rows, rows);
        if (above >= 0) return Math.Clamp(Ratios[above], Least, Most);
        above = ~above;
        var share = DetMath.Log(rows / Rows[above - 1]) / DetMath.Log(Rows[above] / Rows[above - 1]);
        return Math.Clamp(Ratios[above - 1] + (share * (Ratios[above] - Ratios[above - 1])), Least, Most);
    }
}
