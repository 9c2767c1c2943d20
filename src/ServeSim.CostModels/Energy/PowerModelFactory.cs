using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Data;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Precision;

namespace ServeSim.CostModels.Energy;

/// <summary>Makes the power model that a text asks for.</summary>
public static class PowerModelFactory
{
    private const string Trust = "published constants differ by tens of percent: absolute joules are estimates, compare runs under the same model";

    // Where nothing was measured: the exponent and saturation that Vidur-Energy calibrated on A100, between the data sheet's watts.
    private const double A100Saturation = 0.45;
    private const double A100Exponent = 0.7;

    /// <summary>A model, or null where none is asked for or (auto) the GPU's watts are unknown.</summary>
    /// <exception cref="InputException">The text cannot be used, or names a curve that is not known of the GPU.</exception>
    public static IPowerModel? Create(string spec, ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, ICostModel? cost = null, PrecisionProfile? precision = null)
    {
        var asked = PowerSpec.Parse(spec);
        if (asked.Curve == "none") return null;
        if (asked.Numbers is { } given) return Make(asked.Curve, given, "given with the run", [], model, gpu, layout, cost, precision);
        var known = Find(gpu.Name);
        var curve = asked.Curve == "auto" ? known?.Keys.First() : known is { } line && line.Has(asked.Curve) ? asked.Curve : null;
        if (curve is not null) return Make(curve, known!.Value.Doubles(curve), known.Value.Text($"{curve}-source"), [], model, gpu, layout, cost, precision);
        if (asked.Curve is "auto" or "mfu" && gpu is { BoardWatts: { } most, IdleWatts: { } idle })
        {
            return Make("mfu", [gpu.IdleWithContextWatts ?? idle, most, A100Saturation, A100Exponent],
                $"shape calibrated on A100 (Vidur-Energy) between idle and board power of {gpu.Name} ({gpu.Source})",
                [$"no power of {gpu.Name} under load was measured: A100's curve is scaled to it"], model, gpu, layout, cost, precision);
        }

        return asked.Curve == "auto" ? null
            : throw new InputException($"power.model: no {asked.Curve} constants of {gpu.Name} are known; give them as numbers, or take auto");
    }

    private static CurvePower Make(
        string curve, IReadOnlyList<double> p, string source, IReadOnlyList<string> warnings, ModelSpec model, AcceleratorSpec gpu,
        ParallelLayout layout, ICostModel? cost, PrecisionProfile? precision)
    {
        IPowerCurve made = curve switch
        {
            "phase" => new PhaseCurve(p[1], p[2]),
            "mfu" => new MfuCurve(p[0], p[1], p[2], p[3], FlopsByFormat.Of(model, gpu, precision ?? PrecisionProfile.Bf16), gpu.FlopsPerSecond * layout.Tensor),
            "logistic" => new LogisticCurve(p[0], p[1], p[2], p[3]),
            "traffic" => new TrafficCurve(p[0], p[1], p[2], model, precision ?? PrecisionProfile.Bf16,
                cost ?? throw new InputException("power.model: traffic counts expert reads, and needs the run's cost model for them"), layout.Tensor),
            _ => new LinearCurve(p[0], p[1], p[2]),
        };
        var name = $"{curve}:{string.Join(",", p.Select(x => x.ToString(CultureInfo.InvariantCulture)))} on {gpu.Name}";
        if (precision is { Name: not "bf16" } format) warnings = [.. warnings, FormatWarning(curve, format.Name)];
        return new CurvePower(made, Math.Min(gpu.IdleWatts ?? p[0], p[0]), p[0], new(name, source, Trust, warnings));
    }

    // No published curve was measured with narrow formats; what each makes of them differs.
    private static string FormatWarning(string curve, string format) => curve switch
    {
        "mfu" => $"power in {format}: operations count by the rate of their units, on a curve that was calibrated with two-byte models",
        "traffic" => $"power in {format}: bytes are those of the format, picojoules per FLOP those of two-byte arithmetic",
        _ => $"power in {format}: the {curve} curve does not know number formats; its constants are of two-byte models",
    };

    private static DataLine? Find(string gpu)
    {
        foreach (var text in DataFile.Lines("power.txt"))
        {
            var line = new DataLine(text);
            if (line.Name == gpu) return line;
        }

        return null;
    }
}
