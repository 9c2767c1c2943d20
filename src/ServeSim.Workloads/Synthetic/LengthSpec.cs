using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>Token counts drawn independently for each request.</summary>
/// <param name="Kind">Name of the distribution.</param>
/// <param name="A">Least count, median, or the count itself.</param>
/// <param name="B">Largest count, or mean.</param>
public sealed record LengthSpec(string Kind, double A, double B = 0)
{
    private const int LongestDraw = 1 << 20;    // of a lognormal; longer ones are drawn again

    /// <summary>Reads <c>uniform:A..B</c>, <c>lognormal:MEDIAN,MEAN</c> or <c>constant:N</c>, in tokens.</summary>
    /// <exception cref="InputException">None of them, or a number out of range.</exception>
    public static LengthSpec Parse(string text)
    {
        var parts = text.Split(':', 2);
        var spec = (parts[0], parts.Length > 1 ? parts[1] : "") switch
        {
            ("uniform", var range) when range.Split("..") is [var low, var high] => new LengthSpec("uniform", Number(text, low), Number(text, high)),
            ("lognormal", var moments) when moments.Split(',') is [var median, var mean] => new LengthSpec("lognormal", Number(text, median), Number(text, mean)),
            ("constant", var count) => new LengthSpec("constant", Number(text, count), Number(text, count)),
            _ => throw new InputException($"lengths \"{text}\" are not known; give uniform:A..B, lognormal:MEDIAN,MEAN or constant:N"),
        };
        var isWhole = spec.A == Math.Floor(spec.A) && spec.B == Math.Floor(spec.B);
        if (spec.Kind != "lognormal" && !isWhole) throw new InputException($"lengths \"{text}\": token counts are whole numbers");
        if (spec.B < spec.A) throw new InputException($"lengths \"{text}\": {(spec.Kind == "uniform" ? "the range is empty" : "the mean of a lognormal is not below its median")}");
        return spec;
    }

    /// <summary>Opens the source of draws.</summary>
    internal Func<int> Start(RandomStream random)
    {
        if (Kind != "lognormal") return () => (int)A + random.NextInt((int)B - (int)A + 1);
        var mixture = new LengthMixture([(1, A, Math.Sqrt(2 * DetMath.Log(B / A)))], 1, LongestDraw);    // mean = median · exp(spread² / 2)
        return () => mixture.Draw(random);
    }

    private static double Number(string whole, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= LongestDraw
            ? value
            : throw new InputException($"lengths \"{whole}\": \"{text}\" must be a number of tokens from 1 to {LongestDraw}");
}
