using System.Globalization;
using System.Text;
using ServeSim.Abstractions;
using ServeSim.Experiments.Configuration;

namespace ServeSim.Experiments.Scenarios;

/// <summary>The resolved scenario as YAML: every key with its value, in declared order. Reading it gives an equal scenario.</summary>
public static class ScenarioWriter
{
    /// <summary>The text, lines ended by a line feed.</summary>
    public static string Write(Scenario scenario)
    {
        var text = new StringBuilder();
        WriteGroup(text, scenario, "");
        return text.ToString();
    }

    private static void WriteGroup(StringBuilder text, object record, string indent)
    {
        foreach (var field in RecordShape.Of(record.GetType()).Fields)
        {
            var value = field.Property.GetValue(record);
            if (value is not null && field.Name == "options" && field.Type == typeof(object)) WriteGroup(text, value, indent);
            else if (field.Name == "options" && field.Type == typeof(object)) continue;
            else if (value is null || ScalarText.Handles(field.Type)) text.Append(indent).Append(field.Name).Append(": ").Append(Scalar(value)).Append('\n');
            else if (value is TenantWeights weights)
            {
                text.Append(indent).Append(field.Name).Append(weights.Listed.Count == 0 ? ": {}\n" : ":\n");
                foreach (var (name, weight) in weights.Listed) text.Append(indent).Append("  ").Append(Scalar(name)).Append(": ").Append(Scalar(weight)).Append('\n');
            }
            else
            {
                text.Append(indent).Append(field.Name).Append(":\n");
                if (value is INamedGroups groups) WriteNamed(text, groups, indent + "  ");
                else WriteGroup(text, value, indent + "  ");
            }
        }
    }

    private static void WriteNamed(StringBuilder text, INamedGroups groups, string indent)
    {
        foreach (var (name, group) in groups.All)
        {
            text.Append(indent).Append(Scalar(name)).Append(":\n");
            WriteGroup(text, group, indent + "  ");
        }
    }

    private static string Scalar(object? value)
    {
        var text = ScalarText.Format(value);
        return value is not string || IsPlain(text) ? text : $"\"{Escape(text)}\"";
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => escaped.Append('\\').Append(c),
                '\n' => escaped.Append("\\n"),
                '\t' => escaped.Append("\\t"),
                _ when char.IsControl(c) => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    // What no YAML reader takes for anything but a text.
    private static bool IsPlain(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/') && text[^1] != ':'
        && text.All(c => char.IsAsciiLetterOrDigit(c) || "_./+@%,=:-".Contains(c, StringComparison.Ordinal))
        && text.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n");
}
