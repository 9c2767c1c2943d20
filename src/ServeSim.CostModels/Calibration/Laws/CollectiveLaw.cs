using ServeSim.CostModels.Calibration.Fitting;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>t = α + y/bw + c·√y with y = 2(n − 1)/n · x for an all-reduce and y = x otherwise; the root is the half-saturated middle range.</summary>
/// <param name="StartMicroseconds">α.</param>
/// <param name="GigabytesPerSecond">bw.</param>
/// <param name="RootNanoseconds">c, per root of a byte.</param>
public readonly record struct CollectiveLaw(double StartMicroseconds, double GigabytesPerSecond, double RootNanoseconds)
{
    internal static readonly FitConstant[] Constants =
        [new("alpha_us", 8, 0.5, 1000), new("bw_GBs", 100, 0.5, 4000), new("c_ns", 1, 1e-3, 40)];

    internal static CollectiveLaw Of(ReadOnlySpan<double> c) => new(c[0], c[1], c[2]);

    /// <summary>Bytes that count for a message of so many bytes.</summary>
    public static double Volume(string operation, int ranks, double bytes) => operation == "all_reduce" ? 2.0 * (ranks - 1) / ranks * bytes : bytes;

    /// <summary>Time for so many counting bytes.</summary>
    public double Microseconds(double volume) =>
        StartMicroseconds + (volume / (GigabytesPerSecond * 1e3)) + (RootNanoseconds * Math.Sqrt(volume) / 1e3);
}
