using System.Globalization;
using System.Text.RegularExpressions;

namespace ServeSim.Experiments.Reproductions;

/// <summary>Brings together what many runs say in the same words with numbers of their own.</summary>
internal static partial class RunNotes
{
    /// <summary>Each sentence once, in order of appearance; numbers that differ between runs become LEAST to MOST.</summary>
    public static IReadOnlyList<string> Merge(IEnumerable<string> notes) => [.. notes.Distinct().GroupBy(n => Numbers().Replace(n, "#"), StringComparer.Ordinal).Select(Range)];

    private static string Range(IEnumerable<string> alike)
    {
        var rows = alike.Select(n => Numbers().Matches(n).Select(m => m.Value).ToList()).ToList();
        var column = 0;
        return Numbers().Replace(alike.First(), _ =>
        {
            var texts = rows.Select(r => r[column]).OrderBy(v => double.Parse(v, CultureInfo.InvariantCulture)).ToList();
            column++;
            return texts[0] == texts[^1] ? texts[0] : $"{texts[0]} to {texts[^1]}";
        });
    }

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Numbers();
}
