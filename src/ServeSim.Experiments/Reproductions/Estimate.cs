using System.Globalization;
using MathNet.Numerics.Distributions;

namespace ServeSim.Experiments.Reproductions;

/// <summary>A mean over independent runs and half the width of its 95 % confidence interval (Student's t).</summary>
/// <param name="Mean">Mean; not a number where a run has no value.</param>
/// <param name="HalfWidth">Half the width; null for a single run.</param>
public readonly record struct Estimate(double Mean, double? HalfWidth)
{
    private const double Upper = 0.975;

    /// <summary>Lower end of the interval, the mean itself for a single run.</summary>
    public double Low => Mean - (HalfWidth ?? 0);

    /// <summary>Upper end of the interval, the mean itself for a single run.</summary>
    public double High => Mean + (HalfWidth ?? 0);

    /// <summary>The estimate from one value a run.</summary>
    public static Estimate Of(IReadOnlyList<double> values)
    {
        var mean = values.Sum() / values.Count;
        if (values.Count < 2 || !double.IsFinite(mean)) return new(mean, null);
        var variance = values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1);
        return new(mean, StudentT.InvCDF(0, 1, values.Count - 1, Upper) * Math.Sqrt(variance / values.Count));
    }

    /// <summary>Three digits and the interval, in <paramref name="unit"/>.</summary>
    public string Text(string unit = "") => (double.IsFinite(Mean) ? HalfWidth is { } half && half > 0 ? $"{Number(Mean, half)} ± {Number(half, half)}" : Number(Mean, 0) : "-")
        + (unit.Length > 0 ? $" {unit}" : "");

    /// <summary>A number with three digits, or as many decimals as two digits of <paramref name="error"/> have.</summary>
    internal static string Number(double value, double error)
    {
        var size = error > 0 ? error * 10 : Math.Abs(value);
        var decimals = size > 0 ? Math.Clamp(2 - (int)Math.Floor(Math.Log10(size)), 0, 9) : 0;
        var text = value.ToString(string.Create(CultureInfo.InvariantCulture, $"F{decimals}"), CultureInfo.InvariantCulture);
        return text.TrimStart('-').All(c => c is '0' or '.') ? text.TrimStart('-') : text;
    }
}
