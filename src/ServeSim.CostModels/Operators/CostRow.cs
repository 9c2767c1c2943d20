namespace ServeSim.CostModels.Operators;

/// <summary>What one operator contributes to an iteration, per device.</summary>
/// <param name="Operator">Name of the operator.</param>
/// <param name="Count">Executions in the iteration, all layers and stages.</param>
/// <param name="Flops">Floating-point operations of all executions.</param>
/// <param name="MemoryBytes">Bytes of all executions: memory traffic, or the messages of a collective.</param>
/// <param name="Microseconds">Time of all executions.</param>
/// <param name="Bound">What most of that time goes to.</param>
public sealed record CostRow(string Operator, int Count, double Flops, double MemoryBytes, double Microseconds, BoundBy Bound);
