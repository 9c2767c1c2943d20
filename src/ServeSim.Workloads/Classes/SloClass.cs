using ServeSim.Abstractions;

namespace ServeSim.Workloads.Classes;

/// <summary>A service class.</summary>
/// <param name="Name">The name that requests give.</param>
/// <param name="Kind">What counts of its requests.</param>
/// <param name="Limits">Their limits, where they bring none of their own.</param>
/// <param name="Share">Its part of the requests that have neither class nor limits, relative to the other classes'.</param>
public sealed record SloClass(string Name, SloKind Kind, SloLimits Limits, double Share = 0);
