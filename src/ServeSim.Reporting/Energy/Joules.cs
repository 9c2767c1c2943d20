namespace ServeSim.Reporting.Energy;

/// <summary>
/// Energy in whole femtojoules, microwatts times nanoseconds. Power is rounded to a microwatt once, all after that is exact: sums depend
/// neither on their order nor on how time is cut.
/// </summary>
internal static class Joules
{
    private const double FemtojoulesPerJoule = 1e15;

    /// <summary>Whole microwatts, half to even.</summary>
    /// <exception cref="OverflowException">The power is not finite or beyond nine terawatts.</exception>
    public static long ToMicrowatts(double watts) => checked((long)Math.Round(watts * 1e6, MidpointRounding.ToEven));

    /// <summary>A share of an energy, rounded half to even.</summary>
    public static Int128 Share(Int128 femtojoules, double share) =>
        share == 0 ? 0 : share == 1 ? femtojoules : (Int128)Math.Round((double)femtojoules * share, MidpointRounding.ToEven);

    public static double FromFemtojoules(Int128 femtojoules) => (double)femtojoules / FemtojoulesPerJoule;
}
