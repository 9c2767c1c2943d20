namespace ServeSim.CostModels.Calibration;

/// <summary>Devices whose kernels behave alike, so that constants carry over when the rates are exchanged.</summary>
internal static class DeviceFamily
{
    private static readonly string[][] _families =
    [
        ["a100-80-sxm", "a100-80-pcie", "a100-40-sxm"],
        ["h100-sxm", "h200-sxm", "h100-pcie", "h20"],
        ["b200", "gb200", "b300", "gb300"],
        ["l40s", "l4", "rtx-4090"],
        ["rtx-pro-6000"],
        ["a40", "a10", "a10g"],
    ];

    // Hopper and Blackwell data-centre parts feed asynchronous tensor cores from shared memory; the others run warp-wide instructions on registers.
    private static readonly string[] _asynchronous = ["h100-sxm", "b200"];

    // Professional boards with GDDR6 keep the check bits of every 15 bytes in the sixteenth (an L40S of 48 GB offers 45). HBM and GDDR7 carry
    // theirs beside the data, consumer boards have none.
    private static readonly string[] _inlineChecked = ["l40s", "l4", "a40", "a10", "a10g"];

    /// <summary>Share of the memory's bandwidth that is data.</summary>
    public static double DataShare(string device) => Array.IndexOf(_inlineChecked, device) >= 0 ? 15.0 / 16 : 1;

    /// <summary>True where prefill and decodes run in one kernel as far as anyone timed it (FlashAttention-2 on Ada and on workstation Blackwell).</summary>
    public static bool RunsOneAttentionKernel(string device) => Of(device) is "l40s" or "rtx-pro-6000";

    /// <summary>Kind of tensor core; null where it is no family that anyone profiled.</summary>
    public static string? TensorCores(string device) =>
        Array.Find(_families, f => Array.IndexOf(f, device) >= 0) is not { } family ? null
            : Array.Exists(_asynchronous, name => Array.IndexOf(family, name) >= 0) ? "asynchronous" : "warp-wide";

    /// <summary>Name of the family: that of its first member; null where there is none.</summary>
    public static string? Of(string device) => Array.Find(_families, f => Array.IndexOf(f, device) >= 0)?[0];

    /// <summary>Devices of the same family, the nearest relative first.</summary>
    public static IEnumerable<string> SiblingsOf(string device)
    {
        foreach (var family in _families)
        {
            if (Array.IndexOf(family, device) < 0) continue;
            foreach (var member in family)
                if (member != device) yield return member;
        }
    }
}
