using System.Globalization;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>
/// Constants that are far from those shipped for the same device, its nearest relative or the median device. Kernels of different
/// machines are alike: a factor of two mostly means a throttled GPU, a wrong data-sheet entry or another kernel than the law describes.
/// </summary>
public static class UnlikeShipped
{
    private const double Most = 2;
    private static readonly string[] _compared = ["ec", "eb", "t0_us"];

    /// <summary>One note for each constant that is off by more than a factor of two.</summary>
    public static IEnumerable<string> Of(CoefficientSet set)
    {
        foreach (var own in set.Entries)
        {
            if (own.Device is "*" or "stack" or "overlay" or "carried" || own.Operator == "element-wise") continue;
            if (CoefficientSet.Shipped.Resolve(own.Stack, own.Device, own.Operator) is not { Entry: var shipped }) continue;
            foreach (var name in _compared)
            {
                if (!own.Names.Contains(name) || !shipped.Names.Contains(name) || own[name] <= 0 || shipped[name] <= 0) continue;
                var ratio = own[name] / shipped[name];
                if (ratio is > Most or < 1 / Most)
                {
                    yield return string.Create(CultureInfo.InvariantCulture,
                        $"{own.Operator} of {own.Device}: {name} is {own[name]:0.###}, {ratio:0.##} times that shipped for {(shipped.Device == "*" ? "any other device" : shipped.Device)}: a throttled GPU, a wrong data-sheet entry or another kernel?");
                }
            }
        }
    }
}
