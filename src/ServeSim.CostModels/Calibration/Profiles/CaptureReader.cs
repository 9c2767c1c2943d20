using System.Globalization;

namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>
/// Rows of a capture (layout <c>profile-v1</c> of benchmarks/gpu-profile): all groups in one file, each with the kernel and the way it
/// was timed. Rows that would spoil a fit are named and left out: failed points, unsteady times, other kernels than a group's usual
/// one, launches of eager rows beside graphs, and whatever ran on a CPU.
/// </summary>
internal static class CaptureReader
{
    /// <summary>Layout that is understood.</summary>
    public const string Schema = "profile-v1";

    private const double MostUnsteady = 0.3;    // quartile distance over median

    private static readonly Dictionary<string, string> _kinds = new(StringComparer.Ordinal)
    {
        ["gemm"] = "gemm", ["attn_decode"] = "decode attention", ["attn_prefill"] = "prefill attention", ["attn_mixed"] = "mixed attention", ["comm"] = "collectives",
    };

    /// <summary>True if a table is a capture.</summary>
    public static bool Is(ProfileTable table) => table.Has("schema") && table.Has("group") && table.Has("us");

    /// <summary>Rows to fit, each with its kind of profile.</summary>
    /// <param name="table">The capture.</param>
    /// <param name="notes">Takes what was left out, and why.</param>
    /// <param name="problems">Takes rows that cannot be understood.</param>
    public static List<(int Row, string Kind)> Rows(ProfileTable table, List<string> notes, List<string> problems)
    {
        var left = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var kept = new List<int>();
        for (var row = 0; row < table.Count; row++)
        {
            var (schema, group, status) = (table.Text(row, "schema"), table.Text(row, "group"), table.Text(row, "status"));
            if (schema != Schema)
            {
                problems.Add($"{table.File} line {table.LineOf(row)}: the schema is \"{schema}\"; allowed: {Schema}");
                return [];
            }

            if (group == "elementwise") Leave("of element-wise kernels: their constants belong to a software stack on all its devices");
            else if (!_kinds.ContainsKey(group)) problems.Add($"{table.File} line {table.LineOf(row)}: the group is \"{group}\"; known: {string.Join(", ", _kinds.Keys)}, elementwise");
            else if (status is not ("ok" or "")) Leave($"with status {status}");
            else if (table.Text(row, "kernel") == "cpu") Leave("timed on a CPU: they test the format only");
            else if (table.Text(row, "kernel").StartsWith("sdpa-rep", StringComparison.Ordinal)) Leave("of kernels with repeated KV heads (sdpa-rep): an upper bound");
            else if (table.Number(row, "us_iqr") is { } spread && table.Number(row, "us") is { } us && spread > MostUnsteady * us) Leave("whose quartiles lie more than 30 % of the median apart");
            else kept.Add(row);
        }

        kept = Usual(table, kept, "mode", row => Group(table, row), rows => rows.Any(row => table.Text(row, "mode") == "graph") ? "graph" : "eager", left, "timed without a graph: they hold launches");
        kept = Usual(table, kept, "kernel", row => Group(table, row), rows => MostFrequent(table, rows), left, "of another kernel than the most frequent one of their group");
        foreach (var (reason, count) in left) notes.Add(string.Create(CultureInfo.InvariantCulture, $"{table.File}: {count} rows {reason}: excluded"));
        foreach (var group in kept.Where(row => table.Text(row, "mode") == "eager").Select(row => table.Text(row, "group")).Distinct().Order(StringComparer.Ordinal))
            notes.Add($"{table.File}: no row of {group} was timed with a graph: its times hold launches");
        return [.. kept.Select(row => (row, _kinds[table.Text(row, "group")]))];

        void Leave(string reason) => left[reason] = left.GetValueOrDefault(reason) + 1;
    }

    // FP8 GEMMs have kernels of their own, as every collective has.
    private static string Group(ProfileTable table, int row) => $"{table.Text(row, "gpu")} {table.Text(row, "group")} {table.Text(row, "dtype")} {(table.Text(row, "group") == "comm" ? table.Text(row, "op") : "")}";

    private static List<int> Usual(
        ProfileTable table, List<int> rows, string column, Func<int, string> group, Func<List<int>, string> choose, SortedDictionary<string, int> left, string reason)
    {
        var kept = new List<int>();
        foreach (var members in rows.GroupBy(group).Select(g => g.ToList()))
        {
            var usual = choose(members);
            kept.AddRange(members.Where(row => table.Text(row, column) == usual));
            var others = members.Count(row => table.Text(row, column) != usual);
            if (others > 0) left[reason] = left.GetValueOrDefault(reason) + others;
        }

        kept.Sort();
        return kept;
    }

    private static string MostFrequent(ProfileTable table, List<int> rows) => rows.GroupBy(row => table.Text(row, "kernel"))
        .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).First().Key;
}
