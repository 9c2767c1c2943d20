using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Calibration.Fitting;
using ServeSim.CostModels.Calibration.Prediction;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.Tests.CostModels;

/// <summary>The shipped constants against measured samples that lie outside the repository.</summary>
public sealed class CalibratedAccuracyTests
{
    [SkippableTheory]
    [InlineData("gemm", 0.075)]
    [InlineData("attn_decode", 0.08)]
    [InlineData("attn_prefill", 0.10)]
    [InlineData("attn_mixed", 0.065)]
    [InlineData("iteration", 0.025)]
    [InlineData("comm", 0.08)]
    [InlineData("moe", 0.09)]
    public void Mean_error_on_the_sample_grid_stays_within_the_goal(string task, double goal)
    {
        var grid = ProfileTable.Read(SharedFiles.Path("profiles", "sample-grid.csv"));
        var predictor = new GridPredictor(CoefficientSet.Shipped);
        var (predicted, measured) = (new List<double>(), new List<double>());
        for (var row = 0; row < grid.Count; row++)
        {
            if (grid.Text(row, "task") != task) continue;
            predicted.Add(predictor.Microseconds(grid, row) / 1e3);
            measured.Add(grid.Number(row, "ms")!.Value);
        }

        var errors = ErrorSummary.Of([.. predicted], [.. measured]);
        Assert.True(errors.Rows > 0 && errors.Mean <= goal, $"{task}: {errors}");
    }

    [SkippableFact]
    public void Every_row_of_the_sample_grid_is_predicted()
    {
        var grid = ProfileTable.Read(SharedFiles.Path("profiles", "sample-grid.csv"));
        var predictor = new GridPredictor(CoefficientSet.Shipped);
        for (var row = 0; row < grid.Count; row++) Assert.True(predictor.Microseconds(grid, row) > 0, $"line {grid.LineOf(row)}");
    }

    [SkippableFact]
    public void The_shipped_constants_come_out_of_the_profiles_digit_by_digit()
    {
        // A part that is fitted in seconds; the other operators stand in files that take longer.
        var calibrator = new Calibrator();
        foreach (var file in new[] { "collectives.csv.gz", "attention-mixed-vllm.csv.gz" }) calibrator.Add(ProfileTable.Read(SharedFiles.Path("profiles", file)));
        var set = calibrator.Fit("2026-01-01", []);
        Assert.True(set.Entries.Count > 80, $"{set.Entries.Count}");
        foreach (var entry in set.Entries)
        {
            var shipped = CoefficientSet.Shipped.Find(entry.Stack, entry.Device, entry.Operator);
            Assert.True(shipped is not null, $"{entry.Device} {entry.Operator}");
            Assert.Equal(shipped.Values, entry.Values);
            Assert.Equal(shipped.Rows, entry.Rows);
            Assert.Equal(shipped.Fit.Mean, entry.Fit.Mean, 1e-5);
        }
    }
}
