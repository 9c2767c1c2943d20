using ServeSim.Abstractions;
using ServeSim.CostModels.Data;

namespace ServeSim.CostModels.Hardware;

/// <summary>The accelerators that ServeSim knows by name.</summary>
public static class AcceleratorCatalog
{
    private static readonly Catalogue<AcceleratorSpec> _accelerators =
        new("accelerators.txt", Read, line => [Catalogue<AcceleratorSpec>.FirstName(line)]);

    /// <summary>Every accelerator, in the order of the data file.</summary>
    public static IReadOnlyList<AcceleratorSpec> All => _accelerators.All;

    /// <summary>An accelerator by name, case ignored, with or without a form factor (-sxm) where there is only one; null if none is called that.</summary>
    public static AcceleratorSpec? Find(string name) => _accelerators.Find(name) ?? OnlyForm(name);

    /// <summary>An accelerator by name, as <see cref="Find"/>.</summary>
    /// <exception cref="InputException">No accelerator is called that.</exception>
    public static AcceleratorSpec Get(string name) => Find(name) ?? _accelerators.Get("gpu", name);

    // b300-sxm is b300 and h200 is h200-sxm, but a100-80 is sold as a card too.
    private static AcceleratorSpec? OnlyForm(string name)
    {
        var plain = Plain(name.ToLowerInvariant());
        if (plain.EndsWith("-pcie", StringComparison.Ordinal)) return null;
        var forms = All.Where(gpu => gpu.Name == plain || Plain(gpu.Name) == plain || gpu.Name == plain + "-pcie").ToList();
        return forms.Count == 1 ? forms[0] : null;
    }

    private static string Plain(string name) => name.EndsWith("-sxm", StringComparison.Ordinal) ? name[..^"-sxm".Length] : name;

    private static AcceleratorSpec Read(string text)
    {
        var line = new DataLine(text);
        var memory = line.Doubles("memory");
        var link = line.Has("link") ? line.Parts("link") : null;
        var watts = line.Has("watts") ? line.Doubles("watts") : null;
        return new()
        {
            Name = line.Name,
            Title = line.Text("title"),
            Vendor = line.Text("vendor"),
            Year = line.Int("year"),
            MemoryGib = memory[0],
            MarketedMemoryGigabytes = memory[1],
            MemoryGigabytesPerSecond = memory[2],
            Teraflops = new(line.Double("fp16"), line.OptionalDouble("bf16"), line.OptionalDouble("fp8"), line.OptionalDouble("int8"),
                line.OptionalDouble("fp4"), line.OptionalDouble("int4"), line.OptionalDouble("fp32")),
            L2Megabytes = line.OptionalDouble("l2"),
            ComputeUnits = line.Has("units") ? line.Int("units") : null,
            BoostMegahertz = line.Double("mhz"),
            ScaleUpGigabytesPerSecond = link is null ? null : DataLine.Number(link[0]),
            ScaleUpDevices = link is null ? 8 : DataLine.Whole(link[1]),
            ScaleUpKind = link?[2],
            PcieGeneration = line.Int("pcie"),
            BoardWatts = watts?[0],
            IdleWatts = watts?[1],
            IdleWithContextWatts = watts?[2],
            Source = line.Text("source"),
            Confidence = line.Text("confidence"),
            WeakFields = line.Has("weak") ? line.Parts("weak") : [],
            Note = line.OptionalText("note"),
        };
    }
}
