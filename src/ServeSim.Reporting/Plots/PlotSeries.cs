namespace ServeSim.Reporting.Plots;

/// <summary>A named line, or a cloud of points.</summary>
/// <param name="Name">Legend.</param>
/// <param name="Points">In drawing order.</param>
public sealed record PlotSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Dots instead of a line.</summary>
    public bool IsScatter { get; init; }

    /// <summary>Half the length of a bar through each point; empty for none.</summary>
    public IReadOnlyList<double> Spread { get; init; } = [];

    /// <summary>The share of values up to each value, as steps.</summary>
    public static PlotSeries Cdf(string name, IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var points = new List<(double, double)>(2 * sorted.Length);
        for (var i = 0; i < sorted.Length; i++)
        {
            points.Add((sorted[i], (double)i / sorted.Length));
            points.Add((sorted[i], (i + 1.0) / sorted.Length));
        }

        return new(name, points);
    }

    /// <summary>Values at the middles of equal bins.</summary>
    public static PlotSeries Bins(string name, IReadOnlyList<double> values, double width) =>
        new(name, [.. values.Select((y, i) => ((i + 0.5) * width, y))]);
}
