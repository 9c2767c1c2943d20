namespace ServeSim.Experiments.Validation;

/// <summary>A single number as measured and as simulated.</summary>
public sealed record NumberComparison(string Name, string Unit, double Measured, double Simulated)
{
    public double Error => Errors.Relative(Simulated, Measured);
}
