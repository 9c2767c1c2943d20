using System.Globalization;
using System.Text;
using ServeSim.Abstractions;

namespace ServeSim.Reporting.Plots;

/// <summary>A line or scatter chart as a self-contained SVG: no script, no font of its own, the same bytes for the same data.</summary>
public sealed record SvgPlot
{
    private const double Width = 720;
    private const double Height = 420;
    private const double Left = 70;
    private const double Right = 20;
    private const double Top = 40;
    private const double Bottom = 50;

    // Colours of Okabe and Ito, which stay apart for colour-blind readers.
    private static readonly string[] _colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    // Where there are more series than colours, a colour's next line has another pattern.
    private static readonly string[] _dashes = ["", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 2\""];

    public required string Title { get; init; }
    public required string XLabel { get; init; }
    public required string YLabel { get; init; }
    public required IReadOnlyList<PlotSeries> Series { get; init; }

    /// <summary>Draws y = x, for predicted against measured; both axes then share one scale.</summary>
    public bool HasDiagonal { get; init; }

    /// <summary>Both axes in powers of ten; every value must be above 0.</summary>
    public bool IsLogLog { get; init; }

    /// <summary>The file's text.</summary>
    public string Render()
    {
        if (IsLogLog) return (this with { Series = [.. Series.Select(Logarithms)], IsLogLog = false, IsPowers = true }).Render();
        var (xs, ys) = (Axis(p => p.X), Axis(p => p.Y));
        if (HasDiagonal) xs = ys = (Math.Min(xs.Low, ys.Low), Math.Max(xs.High, ys.High), Math.Max(xs.Step, ys.Step));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>\n");
        Text(svg, Width / 2, 20, "middle", Title, " font-size=\"14\"");
        for (var x = xs.Low; x <= xs.High + (xs.Step / 2); x += xs.Step)
        {
            Line(svg, X(x, xs), Top, X(x, xs), Height - Bottom, "#e0e0e0");
            Text(svg, X(x, xs), Height - Bottom + 16, "middle", Tick(x));
        }

        for (var y = ys.Low; y <= ys.High + (ys.Step / 2); y += ys.Step)
        {
            Line(svg, Left, Y(y, ys), Width - Right, Y(y, ys), "#e0e0e0");
            Text(svg, Left - 6, Y(y, ys) + 4, "end", Tick(y));
        }

        if (HasDiagonal) Line(svg, X(xs.Low, xs), Y(ys.Low, ys), X(xs.High, xs), Y(ys.High, ys), "#888888");
        for (var i = 0; i < Series.Count; i++) Draw(svg, Series[i], _colors[i % _colors.Length], Dash(i), xs, ys);
        Text(svg, (Left + Width - Right) / 2, Height - 12, "middle", XLabel);
        Text(svg, 16, (Top + Height - Bottom) / 2, "middle", YLabel, string.Create(CultureInfo.InvariantCulture, $" transform=\"rotate(-90 16 {(Top + Height - Bottom) / 2})\""));
        for (var i = 0; i < Series.Count; i++)
        {
            var y = Top + 14 + (16 * i);
            if (i < _colors.Length) svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left + 10}\" y=\"{y - 8}\" width=\"14\" height=\"8\" fill=\"{_colors[i]}\"/>\n");
            else svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left + 4} {y - 4}h24\" stroke=\"{_colors[i % _colors.Length]}\" stroke-width=\"2\"{Dash(i)}/>\n");
            Text(svg, Left + 30, y, "start", Series[i].Name);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private bool IsPowers { get; init; }

    private static PlotSeries Logarithms(PlotSeries series) => series with { Points = [.. series.Points.Select(p => (Log10(p.X), Log10(p.Y)))] };

    private static double Log10(double value) => value > 0 ? DetMath.Log(value) / DetMath.Log(10) : throw new ArgumentException($"{value} has no place on a logarithmic axis");

    private string Tick(double value) => !IsPowers ? Number(value) : Math.Abs(value) < 5 ? Number(DetMath.Pow(10, value)) : string.Create(CultureInfo.InvariantCulture, $"1e{value:0}");

    private static string Dash(int series) => _dashes[Math.Min(series / _colors.Length, _dashes.Length - 1)];

    private static void Draw(StringBuilder svg, PlotSeries series, string color, string dash, (double Low, double High, double Step) xs, (double Low, double High, double Step) ys)
    {
        if (series.IsScatter)
        {
            foreach (var (x, y) in series.Points)
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(x, xs):0.##}\" cy=\"{Y(y, ys):0.##}\" r=\"3\" fill=\"{color}\" fill-opacity=\"0.6\"/>\n");
            return;
        }

        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"{dash} points=\"");
        foreach (var (x, y) in series.Points) svg.Append(CultureInfo.InvariantCulture, $"{X(x, xs):0.##},{Y(y, ys):0.##} ");
        svg.Append("\"/>\n");
        foreach (var ((x, y), spread) in series.Points.Zip(series.Spread).Where(p => p.Second > 0))
            Line(svg, X(x, xs), Y(Math.Max(y - spread, ys.Low), ys), X(x, xs), Y(Math.Min(y + spread, ys.High), ys), color);
    }

    /// <summary>Round ends and steps of 1, 2 or 5 times a power of ten; zero is always on the axis.</summary>
    private (double Low, double High, double Step) Axis(Func<(double X, double Y), double> of)
    {
        var values = Series.SelectMany(s => s.Points).Select(of).Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        if (IsPowers) return (Math.Floor(values.Min()), Math.Max(Math.Ceiling(values.Max()), Math.Floor(values.Min()) + 1), 1);
        var (least, most) = (Math.Min(0, values.Min()), Math.Max(0, values.Max()));
        if (most - least <= 0) most = least + 1;
        var step = 1e-9;
        for (var i = 0; (most - least) / step > 8; i++) step *= i % 3 == 1 ? 2.5 : 2;
        return (Math.Floor(least / step) * step, Math.Ceiling(most / step) * step, step);
    }

    private static double X(double x, (double Low, double High, double Step) axis) => Left + ((x - axis.Low) / (axis.High - axis.Low) * (Width - Left - Right));

    private static double Y(double y, (double Low, double High, double Step) axis) => Height - Bottom - ((y - axis.Low) / (axis.High - axis.Low) * (Height - Top - Bottom));

    private static string Number(double value) => Math.Abs(value) < 1e-12 ? "0" : value.ToString(Math.Abs(value) >= 1000 ? "#,0" : "0.######", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string color) =>
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x1:0.##}\" y1=\"{y1:0.##}\" x2=\"{x2:0.##}\" y2=\"{y2:0.##}\" stroke=\"{color}\"/>\n");

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text, string more = "") =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.##}\" y=\"{y:0.##}\" text-anchor=\"{anchor}\"{more}>{Escape(text)}</text>\n");

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
