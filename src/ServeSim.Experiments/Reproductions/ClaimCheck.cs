using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Experiments.Reproductions;

/// <summary>What the runs say about a claim.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Holds">True if it holds at every load it is made for, with the whole confidence interval.</param>
/// <param name="Verdict">Holds, or where and how it does not.</param>
/// <param name="Evidence">The numbers.</param>
public sealed record ClaimVerdict(ClaimConfig Claim, bool Holds, string Verdict, string Evidence);

/// <summary>
/// Compares run by run: all variants see the same requests under the same seed, so the differences are paired and what the
/// seeds have in common cancels.
/// </summary>
internal static class ClaimCheck
{
    public static ClaimVerdict Check(ExperimentResults results, ClaimConfig claim)
    {
        var evidence = new List<string>();
        var failures = new List<string>();
        var loads = results.IsCapacity(claim.Metric) ? results.Loads.Take(1) : results.Loads.Where(l => claim.At?.Contains(l) != false);
        foreach (var load in loads)
        {
            var where = double.IsNaN(load) || results.IsCapacity(claim.Metric) ? "" : string.Create(CultureInfo.InvariantCulture, $"at {load}: ");
            var values = Values(results, claim.Metric, claim.Variant, claim.Of, load);
            var (low, high, text) = claim.Within is { } within ? Band(values, within) : Order(claim, values, Values(results, claim.Metric, claim.Above ?? claim.Below!, claim.RivalOf, load));
            evidence.Add(where + text);
            if (low > 0) continue;
            failures.Add(where + (high < 0 ? "the other way round" : "not told apart from its opposite"));
        }

        // Only the loads of a quick version may leave a claim without any.
        if (evidence.Count == 0) return new(claim, false, "not looked at: its loads were not run", "");
        return new(claim, failures.Count == 0, failures.Count == 0 ? "holds" : "does not hold: " + string.Join("; ", failures), string.Join("; ", evidence));
    }

    internal static (double Low, double High) ParseRange(string text)
    {
        var ends = text.Split("..");
        if (ends.Length == 2 && double.TryParse(ends[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var low)
            && double.TryParse(ends[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var high) && low <= high) return (low, high);
        throw new InputException($"a range is LEAST..MOST, such as 0.99..1.05, got \"{text}\"");
    }

    private static double[] Values(ExperimentResults results, string metric, string variant, string? of, double load)
    {
        var values = results.Values(metric, variant, load);
        return of is null ? values : [.. values.Zip(results.Values(metric, of, load), (a, b) => a / b)];
    }

    /// <summary>The slack of an ordering: positive where it holds.</summary>
    private static (double Low, double High, string Text) Order(ClaimConfig claim, double[] values, double[] others)
    {
        var sign = claim.Above is null ? -1 : 1;
        var slack = Estimate.Of([.. values.Zip(others, (a, b) => sign * (a - (claim.By * b)))]);
        var factor = claim.By == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"{claim.By} × ");
        return (slack.Low, slack.High, $"{Estimate.Of(values).Text()} against {factor}{Estimate.Of(others).Text()}, difference {Estimate.Of([.. values.Zip(others, (a, b) => a - (claim.By * b))]).Text()}");
    }

    /// <summary>The slack of a band: positive where the whole interval lies in it.</summary>
    private static (double Low, double High, string Text) Band(double[] values, string within)
    {
        var (least, most) = ParseRange(within);
        var shown = Estimate.Of(values);
        var inside = Math.Min(shown.Low - least, most - shown.High);
        var outside = Math.Min(shown.High - least, most - shown.Low);
        return (inside >= 0 ? double.Epsilon : -1, outside, shown.Text());
    }
}
