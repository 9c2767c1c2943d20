namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>One timed kernel.</summary>
/// <param name="Stack">Software stack.</param>
/// <param name="Device">Accelerator, or topology of a collective.</param>
/// <param name="Operator">Kernel family, see <see cref="Fitting.KernelFamily"/>; "element-wise:norm" for the kernels that are fitted jointly.</param>
/// <param name="Features">What the family's law reads.</param>
/// <param name="Shape">Measurements of one shape are kept back together.</param>
/// <param name="Microseconds">Time.</param>
/// <param name="Origin">Model, tensor-parallel degree and operator when it was timed inside a model.</param>
internal sealed record Measurement(
    string Stack, string Device, string Operator, double[] Features, string Shape, double Microseconds, (string Model, int Tensor, string Operator)? Origin = null);
