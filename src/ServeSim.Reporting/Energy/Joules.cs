namespace ServeSim.Reporting.Energy;

/// <summary>Energy in whole nanojoules: sums of it do not depend on their order, as sums of floating-point numbers do.</summary>
internal static class Joules
{
    private const double NanojoulesPerJoule = 1e9;

    /// <summary>Rounded half to even.</summary>
    public static Int128 ToNanojoules(double joules)
    {
        var rounded = Math.Round(joules * NanojoulesPerJoule, MidpointRounding.ToEven);
        return Math.Abs(rounded) < 9e18 ? (long)rounded : (Int128)rounded;    // the wide conversion costs ten times as much
    }

    public static double FromNanojoules(Int128 nanojoules) => (double)nanojoules / NanojoulesPerJoule;
}
