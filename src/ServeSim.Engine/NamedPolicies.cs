using ServeSim.Abstractions;

namespace ServeSim.Engine;

/// <summary>The policies of a run under the names that messages use.</summary>
/// <param name="BatchName">Registered name of the batching policy.</param>
/// <param name="Batch">Makes the batching policy of an instance.</param>
/// <param name="RouterName">Registered name of the router.</param>
/// <param name="Router">The router.</param>
public sealed record NamedPolicies(string BatchName, Func<int, IBatchPolicy> Batch, string RouterName, IRouterPolicy Router);
