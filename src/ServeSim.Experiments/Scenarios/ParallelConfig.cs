using ServeSim.CostModels;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>How one instance spreads over GPUs.</summary>
public sealed record ParallelConfig
{
    /// <summary>GPUs that share every layer.</summary>
    public int Tensor { get; init; } = 1;

    /// <summary>Groups of layers, one after the other.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>GPUs that share the routed experts, each with whole ones; 1 cuts every expert over the tensor ranks.</summary>
    public int Expert { get; init; } = 1;

    /// <summary>Replicas of the attention that share the experts; each is an instance.</summary>
    public int Data { get; init; } = 1;

    /// <summary>The same as cost models take it.</summary>
    public ParallelLayout ToLayout() => new(Tensor, Pipeline) { Expert = Expert > 1 ? Expert : 0, Data = Data > 1 ? Data : 0 };

    internal void Validate(Problems problems)
    {
        problems.Require(Tensor is >= 1 and <= 1024, "parallel.tensor", Tensor, "must be from 1 to 1024");
        problems.Require(Pipeline is >= 1 and <= 1024, "parallel.pipeline", Pipeline, "must be from 1 to 1024");
        problems.Require(Expert is >= 1 and <= 1024, "parallel.expert", Expert, "must be from 1 to 1024");
        problems.Require(Data is >= 1 and <= 1024, "parallel.data", Data, "must be from 1 to 1024");
    }
}
