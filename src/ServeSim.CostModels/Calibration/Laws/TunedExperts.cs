using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Calibration.Laws;

/// <summary>
/// Layers of experts that vLLM ships tuned tiles for, found by exact (experts of a rank, FFN rows of a rank); all others of an older release run
/// a default that wastes tiles. Listed for the release and devices whose profile shows the difference
/// (github.com/vllm-project/vllm, fused_moe/configs: the files E=…,N=…,device_name=NVIDIA_A100-SXM4-80GB.json). Newer releases have
/// defaults that come near the tuned ones.
/// </summary>
internal static class TunedExperts
{
    private static readonly (int Experts, int[] FfnSizes)[] _a100 =
    [
        (1, [1792, 3584, 7168, 14336]), (8, [1792, 2048, 3584, 4096, 7168]), (16, [1792, 3584, 7168, 14336]), (64, [640, 1280]), (128, [192]),
    ];

    /// <summary>True where the engine that the device was profiled with has tiles for the layer.</summary>
    public static bool Has(string device, in ExpertLayer layer)
    {
        if (device != "a100-80-sxm") return false;
        foreach (var (experts, sizes) in _a100)
        {
            if (experts != layer.Experts / layer.ExpertRanks) continue;
            foreach (var size in sizes)
                if (size == layer.FfnSize) return true;
        }

        return false;
    }
}
