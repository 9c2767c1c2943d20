namespace ServeSim.Reporting.Energy;

/// <summary>Energy in whole nanojoules: sums of it do not depend on their order, as sums of floating-point numbers do.</summary>
internal static class Joules
{
    private const double NanojoulesPerJoule = 1e9;

    /// <summary>Rounded half to even.</summary>
    public static Int128 ToNanojoules(double joules) => (Int128)Math.Round(joules * NanojoulesPerJoule, MidpointRounding.ToEven);

    public static double FromNanojoules(Int128 nanojoules) => (double)nanojoules / NanojoulesPerJoule;
}
