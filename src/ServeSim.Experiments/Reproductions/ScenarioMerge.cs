using System.Globalization;
using System.Text.RegularExpressions;
using ServeSim.Experiments.Configuration;
using ServeSim.Experiments.Scenarios;

namespace ServeSim.Experiments.Reproductions;

/// <summary>Lays groups of scenario keys over one another.</summary>
internal static partial class ScenarioMerge
{
    private static readonly string[] Choices = ["policy", "router", "predictor"];

    /// <summary>A copy of both, the upper one winning. Groups are merged; a policy of another name replaces the lower one with its options.</summary>
    public static ConfigMapping Over(ConfigMapping lower, ConfigMapping upper) => Over(Named(lower), Named(upper), isRoot: true);

    /// <summary>Sets <c>key.path</c>: text entries, in which {} becomes a number and {*X} X times it.</summary>
    public static void Set(ConfigMapping root, ConfigMapping assignments, double? value)
    {
        foreach (var entry in assignments.Entries)
        {
            var steps = entry.Key.Split('.');
            var group = root;
            foreach (var step in steps.AsSpan(0, steps.Length - 1))
            {
                if (group.Find(NameStyle.Camel(step))?.Value is not ConfigMapping next)
                {
                    next = new ConfigMapping(entry.Place);
                    group.Set(step, next);
                }

                group = next;
            }

            group.Set(steps[^1], entry.Value is ConfigScalar scalar ? new ConfigScalar(Fill(scalar.Text, value), false, scalar.Place) : entry.Value);
        }
    }

    /// <summary>A copy in which choices are groups, so that options laid over a name, or set by their path, keep it.</summary>
    private static ConfigMapping Named(ConfigMapping root)
    {
        var named = (ConfigMapping)Copy(root);
        foreach (var choice in Choices) ScenarioReader.ExpandShortForm(named, choice);
        return named;
    }

    private static ConfigMapping Over(ConfigMapping lower, ConfigMapping upper, bool isRoot)
    {
        var merged = new ConfigMapping(upper.Place);
        foreach (var entry in lower.Entries)
        {
            var above = upper.Find(entry.Name);
            merged.Entries.Add(above is null ? entry with { Value = Copy(entry.Value) } : above with
            {
                Key = entry.Key,
                Value = entry.Value is ConfigMapping a && above.Value is ConfigMapping b && !(isRoot && Choices.Contains(entry.Name) && b.Find("name") is not null)
                    ? Over(a, b, isRoot: false) : Copy(above.Value),
            });
        }

        merged.Entries.AddRange(upper.Entries.Where(e => lower.Find(e.Name) is null).Select(e => e with { Value = Copy(e.Value) }));
        return merged;
    }

    private static ConfigNode Copy(ConfigNode node) => node is ConfigMapping mapping ? Over(mapping, new ConfigMapping(mapping.Place), isRoot: false) : node;

    private static string Fill(string text, double? value) => value is not { } number ? text : Template().Replace(text, match =>
        (match.Groups[1].Success ? number * double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : number).ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\{(?:\*([0-9.]+))?\}")]
    private static partial Regex Template();
}
