namespace ServeSim.Abstractions;

/// <summary>How long a client waits before it gives up and cancels its request; a missing limit is for ever.</summary>
/// <param name="FirstToken">Arrival to first token.</param>
/// <param name="NextToken">One token to the next.</param>
public sealed record ClientPatience(SimDuration? FirstToken = null, SimDuration? NextToken = null);
