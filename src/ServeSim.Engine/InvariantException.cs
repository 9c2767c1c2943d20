namespace ServeSim.Engine;

/// <summary>The simulator itself broke one of its laws (<c>docs/invariants.md</c>); a bug of ours, never of a policy or an input.</summary>
public sealed class InvariantException(string message) : Exception(message);
