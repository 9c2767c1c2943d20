using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Limits of the run itself.</summary>
public sealed record EngineConfig
{
    /// <summary>Executor: plain or fast. Both give the same bytes.</summary>
    public EngineKind Kind { get; init; }

    /// <summary>Longest prompt plus output; null takes the model's.</summary>
    public int? MaxContextTokens { get; init; }

    /// <summary>Plans of one instance without any progress after which the run stops with a diagnosis.</summary>
    public long LivelockLimit { get; init; } = 100_000;

    /// <summary>Simulated time at which the run stops; null runs to the end of the trace.</summary>
    public SimDuration? Horizon { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(MaxContextTokens is null or >= 1, "engine.maxContextTokens", MaxContextTokens, "must be at least 1");
        problems.Require(LivelockLimit >= 1, "engine.livelockLimit", LivelockLimit, "must be at least 1");
        problems.Require(Horizon is not { Nanoseconds: <= 0 }, "engine.horizon", Horizon, "must be above 0");
    }
}
