using ServeSim.Abstractions;

namespace ServeSim.Experiments.Scenarios;

/// <summary>A batching policy with its options; written as one group of keys, or as the bare name.</summary>
/// <param name="Name">Registered name.</param>
/// <param name="Options">Its options record; null if it has none or they are not bound yet.</param>
public sealed record PolicyChoice(string Name, object? Options = null);

/// <summary>A router with its options.</summary>
/// <param name="Name">Registered name.</param>
/// <param name="Options">Its options record, or null.</param>
/// <param name="SignalPeriod">How often load signals are taken; zero gives the router the state of the moment.</param>
public sealed record RouterChoice(string Name, object? Options = null, SimDuration SignalPeriod = default);

/// <summary>A length predictor with its options.</summary>
/// <param name="Name">Registered name.</param>
/// <param name="Options">Its options record, or null.</param>
public sealed record PredictorChoice(string Name, object? Options = null);
