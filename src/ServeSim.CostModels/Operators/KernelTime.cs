namespace ServeSim.CostModels.Operators;

/// <summary>One execution of a kernel.</summary>
internal readonly record struct KernelTime(double Microseconds, BoundBy Bound);
