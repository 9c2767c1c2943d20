using System.Globalization;
using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Linear;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Precision;
using ServeSim.CostModels.Roofline;

namespace ServeSim.CostModels;

/// <summary>Makes the cost model that a --cost text asks for.</summary>
public static class CostModelFactory
{
    private const string Allowed = "allowed: roofline, roofline:calibrated, roofline:f0, roofline:f1, roofline:f2, linear:c0,c1,c2,c3,c4 (milliseconds), each with +padded:SHARE for decode attention that pays for unequal lengths";
    private const string Padding = "+padded:";
    private static readonly string[] _known = ["roofline", "roofline:calibrated", "roofline:f0", "roofline:f1", "roofline:f2", "linear"];

    /// <summary>A roofline for the model, device and layout, or a linear model, which needs none of them.</summary>
    /// <exception cref="InputException">The text, or the layout, cannot be used.</exception>
    public static IExplainedCostModel Create(
        string spec, ModelSpec? model, AcceleratorSpec? gpu, ParallelLayout layout, CostOptions? options = null)
    {
        var text = spec.Trim();
        options ??= CostOptions.Default;
        if (text.LastIndexOf(Padding, StringComparison.OrdinalIgnoreCase) is > 0 and var cut)
            return new PaddedDecodeCost(Create(text[..cut], model, gpu, layout, options), PaddingShare(text, text[(cut + Padding.Length)..]));
        if (options.Coefficients is not null && text.ToLowerInvariant() is not ("roofline" or "roofline:calibrated"))
            throw new InputException($"coefficients: \"{spec}\" has none; a coefficients file needs roofline:calibrated");
        if (text.StartsWith("linear", StringComparison.OrdinalIgnoreCase) && (text.Length == 6 || text[6] == ':'))
            return Linear(text, layout, options.Precision, model?.Layers ?? 0);
        var level = text.ToLowerInvariant();
        if (level is not ("roofline" or "roofline:calibrated" or "roofline:f0" or "roofline:f1" or "roofline:f2"))
            throw new InputException($"cost: got \"{spec}\"; {Allowed}; {Suggestion.For(text, _known)}");
        if (model is null || gpu is null)
            throw new InputException($"cost: \"{spec}\" needs a model and a GPU; give both, or coefficients as linear:c0,c1,c2,c3,c4");
        if (level is "roofline:f1" or "roofline:f2" && options.Precision != PrecisionProfile.Bf16)
            throw new InputException($"precision: {level} is for BF16; {options.Precision.Name} needs roofline:calibrated or roofline:f0");
        if (level is "roofline:f0" or "roofline:f1" or "roofline:f2" && (layout.ExpertRanks > 1 || layout.AttentionReplicas > 1))
            throw new InputException($"ep, dp: {level} knows no shared experts; use roofline:calibrated");
        return level switch
        {
            "roofline:f0" => RooflineCostModel.Ideal(model, gpu, layout, options),
            "roofline:f1" => new TrainedCostModel(model, gpu, layout, options),
            "roofline:f2" => RooflineCostModel.Fitted(model, gpu, layout, options),
            _ => new CalibratedCostModel(model, gpu, layout, options),
        };
    }

    private static double PaddingShare(string spec, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1
            ? share
            : throw new InputException($"cost: the padding of \"{spec}\" is \"{text}\"; allowed: a share from 0 to 1, such as roofline+padded:1");

    private static LinearCostModel Linear(string text, ParallelLayout layout, PrecisionProfile precision, int layers)
    {
        var parts = text.Length > 7 ? text[7..].Split(',') : [];
        if (parts.Length != 5)
            throw new InputException($"cost: got \"{text}\" with {parts.Length} coefficients; allowed: five, linear:c0,c1,c2,c3,c4 in milliseconds");
        var c = new double[5];
        var problems = new List<string>();
        for (var i = 0; i < c.Length; i++)
        {
            var isNumber = double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out c[i]);
            if (!isNumber || !double.IsFinite(c[i]) || c[i] < 0)
                problems.Add($"cost: c{i} of \"{text}\" is \"{parts[i]}\"; allowed: a finite number of milliseconds, not negative, such as 0.05");
        }

        if (problems.Count > 0) throw new InputException(problems);
        var linear = new LinearCostModel(c[0], c[1], c[2], c[3], c[4], layers);
        List<string> warnings = [];
        if (layout != ParallelLayout.Single) warnings.Add("the coefficients describe the whole instance: tp and pp change its KV capacity only");
        if (precision != PrecisionProfile.Bf16) warnings.Add("the coefficients describe the whole instance: precision changes its KV capacity only");
        return warnings.Count == 0 ? linear : new(c[0], c[1], c[2], c[3], c[4], layers) { Info = linear.Info with { Warnings = warnings } };
    }
}
