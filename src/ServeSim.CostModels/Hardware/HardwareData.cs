using System.Text.Json;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Hardware;

/// <summary>hardware.json, read on first use.</summary>
internal sealed class HardwareData
{
    private static readonly Lazy<HardwareData> _instance = new(() => new HardwareData());

    private HardwareData()
    {
        using var document = EmbeddedData.Open("hardware.json");
        var root = document.RootElement;
        Accelerators = [.. root.GetProperty("accelerators").EnumerateArray().Select(ReadAccelerator)];
        Links = [.. root.GetProperty("links").EnumerateArray().Select(ReadLink)];
        Collectives = [.. root.GetProperty("collectives").EnumerateArray().SelectMany(ReadCollectives)];
        Kernels = [.. root.GetProperty("kernels").EnumerateArray().Select(ReadKernel)];
    }

    public static HardwareData Instance => _instance.Value;

    public IReadOnlyList<AcceleratorSpec> Accelerators { get; }

    public IReadOnlyList<LinkSpec> Links { get; }

    public IReadOnlyList<CollectiveFit> Collectives { get; }

    public IReadOnlyList<KernelFit> Kernels { get; }

    /// <summary>The fit of a device, or the default constants.</summary>
    public KernelFit KernelOf(string device) => Kernels.FirstOrDefault(fit => fit.Device == device) ?? Kernels.First(fit => fit.IsDefault);

    /// <summary>A measured collective, or null.</summary>
    public CollectiveFit? Collective(string device, string library, string operation, int devices) => Collectives.FirstOrDefault(
        fit => fit.Device == device && fit.Library == library && fit.Operation == operation && fit.Devices == devices);

    private static AcceleratorSpec ReadAccelerator(JsonElement e)
    {
        var rates = e.GetProperty("tflops");
        var hasLink = e.TryGetProperty("scaleUp", out var link);
        var hasPower = e.TryGetProperty("watts", out var watts);
        return new()
        {
            Name = e.Text("name"),
            Title = e.Text("title"),
            Vendor = e.Text("vendor"),
            Year = e.Int("year"),
            MemoryGib = e.Double("gib"),
            MarketedMemoryGigabytes = e.Double("marketedGb"),
            MemoryGigabytesPerSecond = e.Double("memGBps"),
            Teraflops = new(rates.Double("fp16"), rates.OptionalDouble("bf16"), rates.OptionalDouble("fp8"), rates.OptionalDouble("int8"),
                rates.OptionalDouble("fp4"), rates.OptionalDouble("int4"), rates.OptionalDouble("fp32")),
            L2Megabytes = e.OptionalDouble("l2Mb"),
            ComputeUnits = e.TryGetProperty("sms", out var units) ? units.GetInt32() : null,
            BoostMegahertz = e.Double("boostMhz"),
            ScaleUpKind = hasLink ? link.Text("kind") : null,
            ScaleUpGigabytesPerSecond = hasLink ? link.Double("GBps") : null,
            ScaleUpDevices = hasLink ? link.Int("devices", 8) : 8,
            PcieGeneration = e.Int("pcie"),
            BoardWatts = hasPower ? watts[0].GetDouble() : null,
            IdleWatts = hasPower ? watts[1].GetDouble() : null,
            IdleWithContextWatts = hasPower ? watts[2].GetDouble() : null,
            Source = e.Text("source"),
            Confidence = e.Text("confidence"),
            WeakFields = [.. e.GetProperty("weak").EnumerateArray().Select(field => field.GetString()!)],
            Note = e.OptionalText("note"),
        };
    }

    private static LinkSpec ReadLink(JsonElement e) => new(
        e.Text("name"), e.Double("alphaUs"), e.Double("GBps"), e.OptionalDouble("effectiveGBps") ?? e.Double("GBps"),
        e.OptionalDouble("writeGBps"), e.Text("source"), e.Text("confidence"));

    private static IEnumerable<CollectiveFit> ReadCollectives(JsonElement e) => e.GetProperty("fits").EnumerateArray().Select(fit =>
        new CollectiveFit(e.Text("device"), e.Text("library"), e.Text("op"), fit[0].GetInt32(), fit[1].GetDouble(), fit[2].GetDouble()));

    private static KernelFit ReadKernel(JsonElement e)
    {
        var (gemm, decode, prefill, experts) = (Numbers(e, "gemm"), Numbers(e, "decode"), Numbers(e, "prefill"), Numbers(e, "experts"));
        return new()
        {
            Device = e.Text("device"),
            Gemm = new(gemm[0], gemm[1], gemm[2], gemm[3]),
            GemmError = e.TryGetProperty("gemmError", out var error) ? (error[0].GetDouble(), error[1].GetDouble()) : null,
            Decode = new(decode[0], decode[1]),
            Prefill = new(prefill[0], prefill[1], prefill[2]),
            Experts = new(experts[0], experts[1], experts[2]),
            ExpertsError = e.OptionalDouble("expertsError"),
        };
    }

    private static double[] Numbers(JsonElement e, string key) => [.. e.GetProperty(key).EnumerateArray().Select(value => value.GetDouble())];
}
