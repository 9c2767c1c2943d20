using MathNet.Numerics.LinearAlgebra;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Least squares on relative errors: residuals are log(model) − log(measured), parameters are logs of positive constants,
/// so constants stay positive and a microsecond kernel counts as much as a millisecond one. Rounds of re-weighting keep
/// jumps of kernel selection from bending the curve. The minimiser is Levenberg's and Marquardt's with Nielsen's damping
/// (Madsen, Nielsen and Tingleff, Methods for non-linear least squares problems, section 3.2), held to the bounds.
/// </summary>
internal static class RelativeFit
{
    private const int Rounds = 4;
    private const int Steps = 60;
    private const double Tolerance = 0.1;    // log residual beyond which a row loses weight
    private const double Gain = 1e-9;        // share of the sum of squares that a step must win to be followed by another
    private const double Difference = 1e-6;  // of a logarithm
    private const double FirstDamping = 1e-3;
    private const double MostDamping = 1e12;

    /// <summary>Positive constants that bring <paramref name="model"/> closest to the measured times.</summary>
    /// <param name="measured">Times.</param>
    /// <param name="model">Time of a row (by number) under some constants.</param>
    /// <param name="constants">Start and bounds of each.</param>
    /// <param name="weights">Weight of each row; null for equal ones.</param>
    public static double[] Solve(
        double[] measured, Func<int, double[], double> model, IReadOnlyList<FitConstant> constants, double[]? weights = null)
    {
        var target = Array.ConvertAll(measured, DetMath.Log);
        var robust = new double[measured.Length];
        for (var i = 0; i < robust.Length; i++) robust[i] = weights?[i] ?? 1;
        var at = new Point([.. constants.Select(c => DetMath.Log(c.Start))], target, model);
        for (var round = 0; round < Rounds; round++)
        {
            at = Minimum(at, target, model, constants, robust);
            for (var i = 0; i < robust.Length; i++)
            {
                var r = at.Residuals[i] / Tolerance;
                robust[i] = (weights?[i] ?? 1) / Math.Sqrt(1 + (r * r));
            }
        }

        return at.Values;
    }

    private static Point Minimum(Point at, double[] target, Func<int, double[], double> model, IReadOnlyList<FitConstant> constants, double[] weights)
    {
        var (least, most) = (constants.Select(c => DetMath.Log(c.Least)).ToArray(), constants.Select(c => DetMath.Log(c.Most)).ToArray());
        var (damping, rise) = (FirstDamping, 2.0);
        var squares = at.Squares(weights);
        for (var step = 0; step < Steps; step++)
        {
            var slopes = Slopes(at, target, model, most);
            var (normal, gradient) = NormalEquations(slopes, at.Residuals, weights);

            // A constant at its bound that would leave it stays out of this step.
            var free = Enumerable.Range(0, least.Length).Where(i => normal[i, i] > 0
                && !(at.Logs[i] <= least[i] && gradient[i] > 0) && !(at.Logs[i] >= most[i] && gradient[i] < 0)).ToArray();
            if (free.Length == 0) return at;
            var before = squares;
            while (damping < MostDamping)
            {
                var logs = Stepped(at.Logs, normal, gradient, free, damping);
                for (var i = 0; i < logs.Length; i++) logs[i] = Math.Clamp(logs[i], least[i], most[i]);
                var next = new Point(logs, target, model);
                var tried = next.Squares(weights);
                if (tried < squares)
                {
                    (at, squares) = (next, tried);
                    (damping, rise) = (damping / 5, 2);
                    break;
                }

                (damping, rise) = (damping * rise, rise * 2);
            }

            if (before - squares <= Gain * before) return at;
        }

        return at;
    }

    private static double[] Stepped(double[] logs, double[,] normal, double[] gradient, int[] free, double damping)
    {
        var matrix = Matrix<double>.Build.Dense(free.Length, free.Length, (i, j) => normal[free[i], free[j]] * (i == j ? 1 + damping : 1));
        var step = matrix.LU().Solve(Vector<double>.Build.Dense(free.Length, i => -gradient[free[i]]));
        var next = logs.ToArray();
        for (var i = 0; i < free.Length; i++) next[free[i]] += double.IsFinite(step[i]) ? Math.Clamp(step[i], -1, 1) : 0;
        return next;
    }

    private static double[][] Slopes(Point at, double[] target, Func<int, double[], double> model, double[] most)
    {
        var slopes = new double[at.Logs.Length][];
        for (var i = 0; i < slopes.Length; i++)
        {
            var logs = at.Logs.ToArray();
            var difference = logs[i] + Difference > most[i] ? -Difference : Difference;
            logs[i] += difference;
            var moved = new Point(logs, target, model).Residuals;
            for (var row = 0; row < moved.Length; row++) moved[row] = (moved[row] - at.Residuals[row]) / difference;
            slopes[i] = moved;
        }

        return slopes;
    }

    private static (double[,] Normal, double[] Gradient) NormalEquations(double[][] slopes, double[] residuals, double[] weights)
    {
        var (normal, gradient) = (new double[slopes.Length, slopes.Length], new double[slopes.Length]);
        var weighted = new double[residuals.Length];
        for (var i = 0; i < slopes.Length; i++)
        {
            for (var row = 0; row < weighted.Length; row++) weighted[row] = weights[row] * slopes[i][row];
            gradient[i] = Product(weighted, residuals);
            for (var j = 0; j <= i; j++) normal[i, j] = normal[j, i] = Product(weighted, slopes[j]);
        }

        return (normal, gradient);
    }

    private static double Product(double[] a, double[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Constants and how far every row is off.</summary>
    private sealed class Point
    {
        public Point(double[] logs, double[] target, Func<int, double[], double> model)
        {
            Logs = logs;
            Values = Array.ConvertAll(logs, DetMath.Exp);
            Residuals = new double[target.Length];
            for (var i = 0; i < target.Length; i++) Residuals[i] = DetMath.Log(Math.Max(1e-9, model(i, Values))) - target[i];
        }

        public double[] Logs { get; }

        public double[] Values { get; }

        public double[] Residuals { get; }

        public double Squares(double[] weights)
        {
            double sum = 0;
            for (var i = 0; i < weights.Length; i++) sum += weights[i] * Residuals[i] * Residuals[i];
            return sum;
        }
    }
}

/// <summary>A constant to be fitted. A profile too small to tell it keeps its neutral value, if it has one.</summary>
internal readonly record struct FitConstant(string Name, double Start, double Least, double Most, double Neutral = double.NaN)
{
    /// <summary>True where a small profile can do without it.</summary>
    public bool IsOptional => !double.IsNaN(Neutral);
}
