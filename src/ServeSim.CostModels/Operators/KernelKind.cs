namespace ServeSim.CostModels.Operators;

/// <summary>Families of kernels whose achieved rates differ.</summary>
internal enum KernelKind
{
    Gemm,
    Norm,
    FinalNorm,
    Rope,
    QueryKeyNorm,
    Activation,
    Add,
    Embedding,
    Sampler,
    Experts,
    AllReduce,
    AllGather,
    AllToAll,
    StageTransfer,
}
