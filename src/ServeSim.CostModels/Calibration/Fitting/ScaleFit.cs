using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>An iteration that was measured, and what the model says of its parts. Microseconds.</summary>
/// <param name="Name">What was measured, such as <c>decode 16x4096</c>.</param>
/// <param name="Measured">The measured time.</param>
/// <param name="Dense">Predicted: all but attention and host.</param>
/// <param name="Attention">Predicted: attention.</param>
/// <param name="Host">Predicted host work, which is not scaled.</param>
public sealed record ScaleRow(string Name, double Measured, double Dense, double Attention, double Host)
{
    /// <summary>Predicted time under two factors.</summary>
    public double Predicted(double dense, double attention) => (dense * Dense) + (attention * Attention) + Host;
}

/// <summary>
/// Two factors from measured iterations: measured = a · dense + b · attention + host, least squares of relative errors, exact for two.
/// </summary>
public sealed record ScaleFit(double Dense, double Attention, double DenseUncertainty, double AttentionUncertainty)
{
    private const double Noise = 0.01;
    private const double MostUncertain = 0.2;

    /// <summary>Fits the factors; the uncertainties are those that errors of 1 % in each measured time leave.</summary>
    /// <exception cref="InputException">The times are shorter than host work, cannot tell the two apart, or give implausible factors.</exception>
    public static ScaleFit Of(IReadOnlyList<ScaleRow> rows)
    {
        var problems = new List<string>();
        double dd = 0, da = 0, aa = 0, dy = 0, ay = 0;
        foreach (var row in rows)
        {
            var left = row.Measured - row.Host;
            if (left <= 0)
            {
                problems.Add(Invariant($"{row.Name}: {row.Measured / 1e3:0.###} ms is not longer than the host work that an iteration is assumed to show, {row.Host / 1e3:0.###} ms; if it is the time of the kernels alone, give --without-host"));
                continue;
            }

            var (d, a, y) = (row.Dense / row.Measured, row.Attention / row.Measured, left / row.Measured);
            (dd, da, aa, dy, ay) = (dd + (d * d), da + (d * a), aa + (a * a), dy + (d * y), ay + (a * y));
        }

        if (problems.Count > 0) throw new InputException(problems);
        var determinant = (dd * aa) - (da * da);
        var (dense, attention) = (((dy * aa) - (ay * da)) / determinant, ((ay * dd) - (dy * da)) / determinant);
        var (denseError, attentionError) = (Noise * Math.Sqrt(aa / determinant) / Math.Abs(dense), Noise * Math.Sqrt(dd / determinant) / Math.Abs(attention));
        var shares = string.Join(" and ", rows.Select(row => Invariant($"{100 * row.Attention / (row.Dense + row.Attention):0.#} % of {row.Name}")));
        if (!(determinant > 0) || !(denseError <= MostUncertain) || !(attentionError <= MostUncertain))
        {
            throw new InputException(Invariant($"these iterations cannot tell attention from the rest: it is predicted to be {shares}; an error of 1 % in the times would change the factor of attention by {100 * attentionError:0} %. ")
                + "Measure decodes with longer contexts, such as --decode 16x4096, and a prefill without cached tokens, such as --prefill 2048");
        }

        foreach (var (what, factor) in ((string, double)[])[("the dense work", dense), ("attention", attention)])
        {
            if (!IterationScale.IsPlausible(factor))
                problems.Add(Invariant($"{what} would take {factor:0.###} times what is predicted; allowed: {1 / IterationScale.Most} to {IterationScale.Most}. Times must be milliseconds of one iteration; check GPU, model, --tp, --precision and the batches"));
        }

        return problems.Count > 0 ? throw new InputException(problems) : new(dense, attention, denseError, attentionError);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
