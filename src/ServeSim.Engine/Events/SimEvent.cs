using ServeSim.Abstractions;

namespace ServeSim.Engine.Events;

/// <summary>Something that will happen.</summary>
/// <param name="Time">When.</param>
/// <param name="Rank">Its place inside the instant.</param>
/// <param name="Target">The instance concerned, or -1; the row of a request for <see cref="EventRank.GiveUp"/>.</param>
public readonly record struct SimEvent(SimTime Time, EventRank Rank, int Target);
