using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>Turns work into time on one kind of device.</summary>
internal interface IKernelClock
{
    /// <summary>False when element-wise kernels count as free (fused into their neighbours).</summary>
    bool CountsElementWise { get; }

    /// <summary>One execution.</summary>
    KernelTime Time(KernelKind kind, double flops, double bytes);
}
