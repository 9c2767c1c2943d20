using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>Turns work into time on one kind of device.</summary>
internal interface IKernelClock
{
    /// <summary>The small kernels that this clock knows.</summary>
    OperatorFlavour Flavour { get; }

    /// <summary>One execution.</summary>
    KernelTime Time(KernelKind kind, double flops, double bytes);

    /// <summary>One execution of an operator on so many rows.</summary>
    KernelTime Time(RowOperator op, int rows) => Time(op.Kind, op.Flops(rows), op.Bytes(rows));
}
