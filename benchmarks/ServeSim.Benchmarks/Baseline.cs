using System.Globalization;

namespace ServeSim.Benchmarks;

/// <summary>Stored ratios, one line per scenario: <c>scenario,fast_over_plain,requests_per_kernel</c>.</summary>
internal sealed class Baseline(string path, double tolerance)
{
    private const string Header = "scenario,fast_over_plain,requests_per_kernel";

    /// <summary>Replaces the lines of the scenarios measured.</summary>
    public void Write(IEnumerable<ScenarioLine> lines)
    {
        var known = Read();
        foreach (var line in lines)
            if (line.Ratio is { } ratio) known[line.Name] = (ratio, line.PerKernel);
        File.WriteAllText(path, Header + "\n" + string.Concat(known.Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Key},{k.Value.Ratio:F2},{k.Value.PerKernel:F0}\n"))));
    }

    /// <summary>Sentences about ratios that fell below what is tolerated.</summary>
    public List<string> Losses(IEnumerable<ScenarioLine> lines)
    {
        var losses = new List<string>();
        var known = Read();
        foreach (var line in lines)
        {
            if (!known.TryGetValue(line.Name, out var before))
            {
                Console.WriteLine($"{line.Name}: no baseline is stored; --write-baseline stores one");
                continue;
            }

            Compare(line.Name, "fast over plain", line.Ratio, before.Ratio);
            Compare(line.Name, "requests per kernel", line.PerKernel, before.PerKernel);
        }

        return losses;

        void Compare(string name, string what, double? now, double then)
        {
            if (now < then * (1 - tolerance))
                losses.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {what} fell from {then:F2} to {now:F2}; {tolerance:P0} are tolerated"));
        }
    }

    private SortedDictionary<string, (double Ratio, double PerKernel)> Read()
    {
        var known = new SortedDictionary<string, (double, double)>(StringComparer.Ordinal);
        if (!File.Exists(path)) return known;
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var cells = line.Split(',');
            known[cells[0]] = (double.Parse(cells[1], CultureInfo.InvariantCulture), double.Parse(cells[2], CultureInfo.InvariantCulture));
        }

        return known;
    }
}
