using System.Globalization;

namespace ServeSim.Cli.Output;

/// <summary>Predicted against measured times, both on logarithmic axes, as SVG. The band is ±10 %.</summary>
internal static class ScatterPlot
{
    private const double Size = 640;
    private const double Left = 70;
    private const double Top = 20;
    private const int MostPoints = 20_000;
    private static readonly string[] _colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5"];

    public static void Write(TextWriter output, IReadOnlyList<(string Series, double Measured, double Predicted)> points)
    {
        var least = Math.Floor(Math.Log10(points.Min(p => Math.Min(p.Measured, p.Predicted))));
        var most = Math.Max(least + 1, Math.Ceiling(Math.Log10(points.Max(p => Math.Max(p.Measured, p.Predicted)))));
        double At(double ms) => (Math.Log10(ms) - least) / (most - least) * Size;
        var series = points.Select(p => p.Series).Distinct().Order(StringComparer.Ordinal).ToArray();
        output.Write($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Text(Left + Size + 150)}\" height=\"{Text(Top + Size + 50)}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        output.Write("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (var power = least; power <= most; power++)
        {
            var at = At(Math.Pow(10, power));
            var label = Math.Pow(10, power).ToString("0.######", CultureInfo.InvariantCulture);
            output.Write($"<line x1=\"{Text(Left)}\" x2=\"{Text(Left + Size)}\" y1=\"{Text(Top + Size - at)}\" y2=\"{Text(Top + Size - at)}\" stroke=\"#ddd\"/>"
                + $"<line x1=\"{Text(Left + at)}\" x2=\"{Text(Left + at)}\" y1=\"{Text(Top)}\" y2=\"{Text(Top + Size)}\" stroke=\"#ddd\"/>"
                + $"<text x=\"{Text(Left - 6)}\" y=\"{Text(Top + Size - at + 4)}\" text-anchor=\"end\">{label}</text>"
                + $"<text x=\"{Text(Left + at)}\" y=\"{Text(Top + Size + 18)}\" text-anchor=\"middle\">{label}</text>\n");
        }

        foreach (var (factor, dash) in ((double, string)[])[(1, ""), (1.1, "4 3"), (1 / 1.1, "4 3")])
        {
            var shift = Math.Log10(factor) / (most - least) * Size;
            output.Write($"<line x1=\"{Text(Left + Math.Max(0, -shift))}\" y1=\"{Text(Top + Size - Math.Max(0, shift))}\" x2=\"{Text(Left + Size - Math.Max(0, shift))}\" "
                + $"y2=\"{Text(Top + Math.Max(0, -shift))}\" stroke=\"#555\" stroke-dasharray=\"{dash}\"/>\n");
        }

        var step = Math.Max(1, points.Count / MostPoints);
        for (var i = 0; i < points.Count; i += step)
        {
            var (name, measured, predicted) = points[i];
            var colour = _colours[Array.IndexOf(series, name) % _colours.Length];
            output.Write($"<circle cx=\"{Text(Left + At(measured))}\" cy=\"{Text(Top + Size - At(predicted))}\" r=\"2\" fill=\"{colour}\" fill-opacity=\"0.5\"/>\n");
        }

        for (var i = 0; i < series.Length; i++)
        {
            var y = Top + 14 + (18 * i);
            output.Write($"<circle cx=\"{Text(Left + Size + 16)}\" cy=\"{Text(y - 4)}\" r=\"5\" fill=\"{_colours[i % _colours.Length]}\"/>"
                + $"<text x=\"{Text(Left + Size + 28)}\" y=\"{Text(y)}\">{Escaped(series[i])}</text>\n");
        }

        output.Write($"<text x=\"{Text(Left + (Size / 2))}\" y=\"{Text(Top + Size + 40)}\" text-anchor=\"middle\">measured, ms</text>\n");
        output.Write($"<text transform=\"translate(16 {Text(Top + (Size / 2))}) rotate(-90)\" text-anchor=\"middle\">predicted, ms</text>\n</svg>\n");
    }

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
