using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Energy;

/// <summary>What a power text asks for: a curve by name, with numbers or those known of the GPU.</summary>
/// <param name="Curve">auto, none, phase, mfu, logistic, linear or traffic.</param>
/// <param name="Numbers">Its parameters; null takes the GPU's.</param>
public sealed record PowerSpec(string Curve, IReadOnlyList<double>? Numbers)
{
    private const string Allowed = "allowed: auto, none, phase[:rest,prefill,decode], mfu[:rest,most,saturation,exponent], "
        + "logistic[:rest,nominal,steepness,midpoint], linear:rest,nominal,tokens, traffic[:rest,pJ per byte,pJ per FLOP] (watts per GPU)";

    private static readonly string[] _names = ["auto", "none", "phase", "mfu", "logistic", "linear", "traffic"];

    /// <summary>Reads <c>name</c> or <c>name:number,…</c>.</summary>
    /// <exception cref="InputException">The text cannot be used.</exception>
    public static PowerSpec Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var curve = (colon < 0 ? text : text[..colon]).Trim().ToLowerInvariant();
        if (!_names.Contains(curve)) throw new InputException($"power.model: got \"{text}\"; {Allowed}; {Suggestion.For(curve, _names)}");
        if (colon < 0) return curve == "linear" ? throw Bad(text, "linear has no known constants; give its three numbers") : new(curve, null);
        var parts = text[(colon + 1)..].Split(',');
        var count = curve switch { "phase" or "linear" or "traffic" => 3, "mfu" or "logistic" => 4, _ => 0 };
        if (parts.Length != count) throw Bad(text, $"{curve} takes {count} numbers, {parts.Length} are given");
        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !double.IsFinite(numbers[i]) || numbers[i] < 0)
                throw Bad(text, $"\"{parts[i]}\" is not a number from 0 up");
        }

        if (curve is not ("phase" or "traffic") && numbers[1] < numbers[0]) throw Bad(text, "the second number (most watts) is below the first (watts at rest)");
        if (curve == "linear" && numbers[2] <= 0) throw Bad(text, "the number of tokens must be above 0");
        if (curve == "mfu" && (numbers[2] <= 0 || numbers[3] <= 0)) throw Bad(text, "saturation and exponent must be above 0");
        return new(curve, numbers);
    }

    private static InputException Bad(string text, string why) => new($"power.model: got \"{text}\": {why}; {Allowed}");
}
