using ServeSim.CostModels.Data;

namespace ServeSim.CostModels.Hardware;

/// <summary>Kernel constants per device.</summary>
internal static class KernelFits
{
    private static readonly Catalogue<KernelFit> _fits = new("kernels.txt", Read, line => [Catalogue<KernelFit>.FirstName(line)]);

    /// <summary>Every fit; the last one stands for all other devices.</summary>
    public static IReadOnlyList<KernelFit> All => _fits.All;

    /// <summary>The fit of a device, or the default constants.</summary>
    public static KernelFit Of(string device) => _fits.Find(device) ?? _fits.Find("*")!;

    private static KernelFit Read(string text)
    {
        var line = new DataLine(text);
        var (gemm, decode, prefill, experts) = (line.Doubles("gemm"), line.Doubles("decode"), line.Doubles("prefill"), line.Doubles("experts"));
        var error = line.Has("gemm-error") ? line.Doubles("gemm-error") : null;
        return new()
        {
            Device = line.Name,
            Gemm = new(gemm[0], gemm[1], gemm[2], gemm[3]),
            GemmError = error is null ? null : (error[0], error[1]),
            Decode = new(decode[0], decode[1]),
            Prefill = new(prefill[0], prefill[1], prefill[2]),
            Experts = new(experts[0], experts[1], experts[2]),
            ExpertsError = line.OptionalDouble("experts-error"),
        };
    }
}
