using System.Globalization;
using ServeSim.CostModels.Calibration.Profiles;

namespace ServeSim.CostModels.Calibration.Fitting;

/// <summary>Measurements of one kernel family on one device, contradictions left out.</summary>
/// <param name="Stack">Software stack.</param>
/// <param name="Device">Accelerator, or topology of a collective.</param>
/// <param name="Operator">Kernel family.</param>
/// <param name="Rows">Measurements.</param>
internal sealed record MeasurementGroup(string Stack, string Device, string Operator, List<Measurement> Rows)
{
    private const double ContradictionRatio = 1.5;

    /// <summary>True for the kernels that are fitted jointly over devices.</summary>
    public bool IsElementWise => Operator.StartsWith("element-wise:", StringComparison.Ordinal);

    /// <summary>Groups in a fixed order, with notes of what was left out.</summary>
    public static (List<MeasurementGroup> Groups, List<string> Notes) Of(IEnumerable<Measurement> measurements)
    {
        var groups = measurements.GroupBy(m => (m.Stack, m.Device, m.Operator))
            .OrderBy(g => g.Key.Stack, StringComparer.Ordinal).ThenBy(g => g.Key.Operator, StringComparer.Ordinal).ThenBy(g => g.Key.Device, StringComparer.Ordinal)
            .ToList();
        var cleaned = InOrder.Select(groups, g => WithoutContradictions(g.Key.Stack, g.Key.Device, g.Key.Operator, g));
        return ([.. cleaned.Select(c => c.Group)], [.. cleaned.Where(c => c.Note is not null).Select(c => c.Note!)]);
    }

    private static (MeasurementGroup Group, string? Note) WithoutContradictions(string stack, string device, string op, IEnumerable<Measurement> rows)
    {
        var kept = new List<Measurement>();
        var dropped = 0;
        foreach (var same in rows.GroupBy(m => string.Join('|', m.Features.Select(x => x.ToString("R", CultureInfo.InvariantCulture)))).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var times = same.Select(m => m.Microseconds).Order().ToArray();

            // The same kernel in several models is timed several times; in one profile a second, different time contradicts the first.
            if (times.Length > 1 && times[^1] > ContradictionRatio * times[0] && same.All(m => m.Origin is null)) dropped += times.Length;
            else kept.AddRange(same.All(m => m.Origin is null) ? [same.First() with { Microseconds = times[times.Length / 2] }] : same);
        }

        var note = dropped == 0 ? null
            : $"{op} of {device}: {dropped} rows contradict each other (same sizes, times more than {ContradictionRatio.ToString(CultureInfo.InvariantCulture)} apart): excluded";
        return (new(stack, device, op, kept), note);
    }
}
