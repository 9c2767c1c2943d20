namespace ServeSim.Abstractions;

/// <summary>The fixed sizes of a run that a policy may want to know when it is made.</summary>
/// <param name="Instances">Number of instances.</param>
/// <param name="TotalBlocks">KV blocks of one instance.</param>
/// <param name="BlockSize">Tokens per block.</param>
/// <param name="MaxContextTokens">Longest prompt plus output that the model accepts.</param>
/// <param name="PipelineStages">Iterations that can be in flight on one instance.</param>
/// <param name="Cost">What an iteration costs.</param>
public sealed record ClusterShape(int Instances, int TotalBlocks, int BlockSize, int MaxContextTokens, int PipelineStages, ICostModel Cost)
{
    /// <summary>Layers of the model, for work by layers; 0 if the cost model knows none.</summary>
    public int Layers => Cost.Layers;
}
