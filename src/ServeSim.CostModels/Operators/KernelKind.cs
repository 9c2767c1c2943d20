namespace ServeSim.CostModels.Operators;

/// <summary>Families of kernels whose achieved rates differ.</summary>
internal enum KernelKind
{
    Gemm,
    ElementWise,
    Experts,
    AllReduce,
    AllGather,
    StageTransfer,
}
