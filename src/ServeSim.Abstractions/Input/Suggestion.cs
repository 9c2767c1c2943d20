namespace ServeSim.Abstractions;

/// <summary>"Did you mean": the nearest known name by edit distance.</summary>
public static class Suggestion
{
    /// <summary>A clause such as <c>did you mean "sarathi"?</c> or, when nothing is near, the allowed names.</summary>
    public static string For(string given, IEnumerable<string> known)
    {
        var names = known.ToList();
        if (given.Length >= 3 && names.Find(name => name.StartsWith(given, StringComparison.OrdinalIgnoreCase)) is { } longer) return $"did you mean \"{longer}\"?";
        var best = names.MinBy(name => (Distance(given, name), name), Comparer<(int, string)>.Create(
            (a, b) => a.Item1 != b.Item1 ? a.Item1.CompareTo(b.Item1) : string.CompareOrdinal(a.Item2, b.Item2)));
        return best is not null && Distance(given, best) <= Math.Max(2, given.Length / 3)
            ? $"did you mean \"{best}\"?"
            : $"known: {string.Join(", ", names)}";
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours between two names, case ignored.</summary>
    internal static int Distance(string left, string right)
    {
        var a = left.ToUpperInvariant();
        var b = right.ToUpperInvariant();
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[a.Length, b.Length];
    }
}
