using ServeSim.Abstractions;
using ServeSim.Engine;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>Limits of the run itself.</summary>
public sealed record EngineConfig
{
    /// <summary>Executor: plain or fast. Both give the same bytes.</summary>
    public EngineKind Kind { get; init; } = EngineKind.Fast;

    /// <summary>Ask policies that promised to hold their plan all the same, and stop at a broken promise; slower.</summary>
    public bool Audit { get; init; }

    /// <summary>Longest prompt plus output; null takes the model's.</summary>
    public int? MaxContextTokens { get; init; }

    /// <summary>Plans of one instance without any progress after which the run stops with a diagnosis.</summary>
    public long LivelockLimit { get; init; } = 100_000;

    /// <summary>Simulated time at which the run stops; null runs to the end of the trace.</summary>
    public SimDuration? Horizon { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(!Audit || Kind == EngineKind.Fast, "engine.audit", Audit, "needs engine.kind fast: the plain executor relies on no promise");
        problems.Require(MaxContextTokens is null or >= 1, "engine.maxContextTokens", MaxContextTokens, "must be at least 1");
        problems.Require(LivelockLimit >= 1, "engine.livelockLimit", LivelockLimit, "must be at least 1");
        problems.Require(Horizon is not { Nanoseconds: <= 0 }, "engine.horizon", Horizon, "must be above 0");
    }
}
