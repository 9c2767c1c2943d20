using ServeSim.Abstractions;

namespace ServeSim.CostModels.Hardware;

/// <summary>The accelerators that ServeSim knows by name.</summary>
public static class AcceleratorCatalog
{
    /// <summary>Every accelerator, in the order of the data file.</summary>
    public static IReadOnlyList<AcceleratorSpec> All => HardwareData.Instance.Accelerators;

    /// <summary>An accelerator by name, case ignored.</summary>
    /// <exception cref="InputException">No accelerator is called that.</exception>
    public static AcceleratorSpec Get(string name) =>
        All.FirstOrDefault(gpu => string.Equals(gpu.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException($"gpu: unknown accelerator \"{name}\"; {Suggestion.For(name, All.Select(gpu => gpu.Name))}");
}
