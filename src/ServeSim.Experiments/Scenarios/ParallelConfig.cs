using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>How one instance spreads over GPUs.</summary>
public sealed record ParallelConfig
{
    /// <summary>GPUs that share every layer.</summary>
    public int Tensor { get; init; } = 1;

    /// <summary>Groups of layers, one after the other.</summary>
    public int Pipeline { get; init; } = 1;

    internal void Validate(Problems problems)
    {
        problems.Require(Tensor is >= 1 and <= 1024, "parallel.tensor", Tensor, "must be from 1 to 1024");
        problems.Require(Pipeline is >= 1 and <= 1024, "parallel.pipeline", Pipeline, "must be from 1 to 1024");
    }
}
