namespace ServeSim.Experiments.Validation;

/// <summary>Relative errors.</summary>
public static class Errors
{
    public static double Relative(double simulated, double measured) => measured == 0 ? (simulated == 0 ? 0 : double.PositiveInfinity) : (simulated / measured) - 1;
}
