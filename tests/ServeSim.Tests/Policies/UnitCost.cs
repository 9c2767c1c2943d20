using ServeSim.Abstractions;

namespace ServeSim.Tests.Policies;

/// <summary>Every iteration takes the same time; with several stages each takes its share.</summary>
internal sealed class UnitCost(int stages = 1, double seconds = 1) : ICostModel
{
    public CostModelInfo Info { get; } = new("unit", "test double", "none: it is a definition", []);

    public int PipelineStages => stages;

    public SimDuration IterationTime(in BatchShape shape) => StageTime(shape, 0) * stages;

    public SimDuration StageTime(in BatchShape shape, int stage) => SimDuration.FromSeconds(seconds / stages);
}

/// <summary>A fixed time per prompt token and per decode iteration.</summary>
internal sealed class LinearCost(double secondsPerPromptToken, double secondsPerDecode) : ICostModel
{
    public CostModelInfo Info { get; } = new("linear", "test double", "none: it is a definition", []);

    public SimDuration IterationTime(in BatchShape shape) =>
        SimDuration.FromSeconds((secondsPerPromptToken * shape.PrefillTokens) + (shape.DecodeSequences > 0 ? secondsPerDecode : 0));
}
