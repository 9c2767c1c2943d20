namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Relative errors of predictions, as shares (0.05 is five percent).</summary>
/// <param name="Rows">Predictions compared.</param>
/// <param name="Mean">Mean absolute relative error (MAPE).</param>
/// <param name="Median">Median of the absolute error.</param>
/// <param name="Percentile90">90th percentile of it.</param>
/// <param name="Bias">Mean signed error: positive where predictions are too long.</param>
/// <param name="TotalError">Σ|error| / Σ time.</param>
public sealed record ErrorSummary(int Rows, double Mean, double Median, double Percentile90, double Bias, double TotalError)
{
    /// <summary>Compares two columns; zero rows give zeros.</summary>
    public static ErrorSummary Of(ReadOnlySpan<double> predicted, ReadOnlySpan<double> measured)
    {
        var errors = new double[predicted.Length];
        double sum = 0, bias = 0, absolute = 0, total = 0;
        for (var i = 0; i < errors.Length; i++)
        {
            var error = (predicted[i] - measured[i]) / measured[i];
            errors[i] = Math.Abs(error);
            sum += errors[i];
            bias += error;
            absolute += Math.Abs(predicted[i] - measured[i]);
            total += measured[i];
        }

        Array.Sort(errors);
        return errors.Length == 0 ? new(0, 0, 0, 0, 0, 0)
            : new(errors.Length, sum / errors.Length, At(errors, 0.5), At(errors, 0.9), bias / errors.Length, absolute / total);
    }

    private static double At(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var low = (int)at;
        return low + 1 < sorted.Length ? sorted[low] + ((at - low) * (sorted[low + 1] - sorted[low])) : sorted[low];
    }
}
