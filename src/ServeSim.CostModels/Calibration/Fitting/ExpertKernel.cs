namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Which kernel an engine runs a layer of experts with is known, not fitted: constants of other kernels keep their neutral value. Triton
/// kernels take tiles of 16 rows (H100 FP8: 128); releases before 2026, as the A100 was profiled with, take 64 as soon as there are more tokens than
/// experts, whatever the load of an expert, and run layers without a gate as gated ones. Blackwell data-centre parts run a library of
/// their own, which reads large experts once per tile and has no kernel for odd sizes.
/// </summary>
internal static class ExpertKernel
{
    private static readonly (string Name, double Neutral)[] _old = [("tuned", 1), ("ungated_matrices", 2)];
    private static readonly (string Name, double Neutral)[] _blackwell =
        [("reread_fill", 0), ("reread_rows", 64), ("odd_start", 1), ("odd_compute", 1), ("odd_memory", 1)];

    /// <summary>Fills in the constants that the device's kernel fixes; those to be fitted stay NaN.</summary>
    public static void Fix(double[] known, FitConstant[] constants, string device, string op)
    {
        var isOld = device.StartsWith("a100", StringComparison.Ordinal);
        var isBlackwell = DeviceFamily.Of(device) == "b200";
        var rows = device.StartsWith("h100", StringComparison.Ordinal) && op == "experts-fp8" ? 128 : 16;
        Set("tile_rows", rows);
        Set("crowded_tile_rows", isOld ? 64 : rows);
        foreach (var (name, neutral) in isOld ? [] : _old) Set(name, neutral);
        foreach (var (name, neutral) in isBlackwell ? [] : _blackwell) Set(name, neutral);

        void Set(string name, double value) => known[Array.FindIndex(constants, c => c.Name == name)] = value;
    }
}
