using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Least squares on relative errors: residuals are log(model) − log(measured), parameters are logs of positive constants,
/// so constants stay positive and a microsecond kernel counts as much as a millisecond one. Rounds of re-weighting keep
/// jumps of kernel selection from bending the curve.
/// </summary>
internal static class RelativeFit
{
    private const int Rounds = 4;
    private const double Tolerance = 0.1;    // log residual beyond which a row loses weight

    /// <summary>Positive constants that bring <paramref name="model"/> closest to the measured times.</summary>
    /// <param name="measured">Times.</param>
    /// <param name="model">Time of a row (by number) under some constants.</param>
    /// <param name="constants">Start and bounds of each.</param>
    /// <param name="weights">Weight of each row; null for equal ones.</param>
    public static double[] Solve(
        double[] measured, Func<int, double[], double> model, IReadOnlyList<FitConstant> constants, double[]? weights = null)
    {
        var target = Array.ConvertAll(measured, DetMath.Log);
        var lower = Vector<double>.Build.Dense(constants.Count, i => DetMath.Log(constants[i].Least));
        var upper = Vector<double>.Build.Dense(constants.Count, i => DetMath.Log(constants[i].Most));
        var point = Vector<double>.Build.Dense(constants.Count, i => DetMath.Log(constants[i].Start));
        var roots = new double[measured.Length];
        for (var i = 0; i < roots.Length; i++) roots[i] = Math.Sqrt(weights?[i] ?? 1);
        var rows = Vector<double>.Build.Dense(measured.Length, i => i);
        for (var round = 0; round < Rounds; round++)
        {
            // Weights are folded into both sides: the library would store them as a full square matrix.
            Vector<double> Weighted(Vector<double> z, Vector<double> _)
            {
                var values = Values(z);
                return Vector<double>.Build.Dense(measured.Length, i => roots[i] * DetMath.Log(Math.Max(1e-9, model(i, values))));
            }

            var goal = Vector<double>.Build.Dense(measured.Length, i => roots[i] * target[i]);
            var objective = ObjectiveFunction.NonlinearModel(Weighted, rows, goal);
            var solver = new LevenbergMarquardtMinimizer(maximumIterations: 40, gradientTolerance: 1e-9, stepTolerance: 1e-7, functionTolerance: 1e-9);
            point = solver.FindMinimum(objective, point, lower, upper).MinimizingPoint;
            var now = Values(point);
            for (var i = 0; i < measured.Length; i++)
            {
                var r = (DetMath.Log(Math.Max(1e-9, model(i, now))) - target[i]) / Tolerance;
                roots[i] = Math.Sqrt((weights?[i] ?? 1) / Math.Sqrt(1 + (r * r)));
            }
        }

        return Values(point);
    }

    private static double[] Values(Vector<double> z)
    {
        var values = new double[z.Count];
        for (var i = 0; i < values.Length; i++) values[i] = DetMath.Exp(z[i]);
        return values;
    }
}

/// <summary>A constant to be fitted. A profile too small to tell it keeps its neutral value, if it has one.</summary>
internal readonly record struct FitConstant(string Name, double Start, double Least, double Most, double Neutral = double.NaN)
{
    /// <summary>True where a small profile can do without it.</summary>
    public bool IsOptional => !double.IsNaN(Neutral);
}
