namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>One line of the accuracy table: how far predictions were from times that the constants never saw.</summary>
/// <param name="Predicted">What was predicted.</param>
/// <param name="Subject">Device, or device and model.</param>
/// <param name="KeptBack">What the constants did not see.</param>
/// <param name="Goal">Largest mean absolute relative error to reach; null where there is none.</param>
/// <param name="Errors">The errors.</param>
/// <param name="GoalPercentile90">Largest 90th percentile to reach; null where there is none.</param>
public sealed record AccuracyRow(string Predicted, string Subject, string KeptBack, double? Goal, ErrorSummary Errors, double? GoalPercentile90 = null)
{
    /// <summary>Whether the goal is met; null where there is none.</summary>
    public bool? IsMet => Goal is { } goal ? Errors.Mean <= goal && Errors.Percentile90 <= (GoalPercentile90 ?? double.PositiveInfinity) : null;
}
