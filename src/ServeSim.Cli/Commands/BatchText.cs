using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Cli.Commands;

/// <summary>
/// The members of one iteration as flags give them: decodes as <c>COUNTxCONTEXT</c>, prefill chunks as
/// <c>[COUNTx]TOKENS[@CACHED]</c>.
/// </summary>
internal sealed class BatchText
{
    private const int MaxSequences = 1_000_000;
    private readonly List<SequenceSpan> _members = [];

    /// <exception cref="InputException">All parts that cannot be read.</exception>
    public BatchText(IEnumerable<string> prefills, IEnumerable<string> decodes)
    {
        var problems = new List<string>();
        foreach (var text in prefills)
        {
            var (count, rest) = Split(text, 'x', "1");
            var cut = rest.IndexOf('@', StringComparison.Ordinal);
            if (TryRead(count, 1, MaxSequences, out var n) && TryRead(cut < 0 ? rest : rest[..cut], 1, int.MaxValue, out var tokens)
                && TryRead(cut < 0 ? "0" : rest[(cut + 1)..], 0, int.MaxValue - tokens, out var cached)) Add(n, new SequenceSpan(tokens, cached, false));
            else problems.Add($"--prefill {text}: must be [COUNTx]TOKENS[@CACHED], such as 2048, 512@1536 or 4x512@0");
        }

        foreach (var text in decodes)
        {
            var (count, rest) = Split(text, 'x', "");
            if (TryRead(count, 1, MaxSequences, out var n) && TryRead(rest, 1, int.MaxValue, out var context)) Add(n, new SequenceSpan(1, context, true));
            else problems.Add($"--decode {text}: must be COUNTxCONTEXT, such as 32x1024");
        }

        if (problems.Count == 0 && _members.Count == 0) problems.Add("nothing to compute; give --prefill, --decode or both, such as --decode 32x1024");
        if (_members.Count > MaxSequences) problems.Add(string.Create(CultureInfo.InvariantCulture, $"a batch must have at most {MaxSequences} members"));
        if (_members.Sum(m => (long)m.Tokens) > int.MaxValue) problems.Add($"a batch must compute at most {int.MaxValue} tokens");
        if (problems.Count > 0) throw new InputException(problems);
        Members = [.. _members];
    }

    /// <summary>Every member; each chunk completes its prefill.</summary>
    public SequenceSpan[] Members { get; }

    public BatchShape Shape
    {
        get
        {
            var prefills = Array.FindAll(Members, m => !m.IsDecode);
            var decodes = Array.FindAll(Members, m => m.IsDecode);
            return new BatchShape
            {
                PrefillTokens = prefills.Sum(m => m.Tokens),
                PrefillSequences = prefills.Length,
                PrefillPairs = prefills.Sum(m => ((long)m.Tokens * m.CachedTokens) + (m.Tokens * (m.Tokens + 1L) / 2)),
                PrefillContextTokens = prefills.Sum(m => (long)m.CachedTokens + m.Tokens),
                CompletedPrefills = prefills.Length,
                DecodeSequences = decodes.Length,
                DecodeContextTokens = decodes.Sum(m => (long)m.CachedTokens),
                Sequences = Members,
            };
        }
    }

    private void Add(int count, SequenceSpan member)
    {
        for (var i = 0; i < count && _members.Count <= MaxSequences; i++) _members.Add(member);
    }

    private static (string Before, string After) Split(string text, char mark, string missing)
    {
        var cut = text.IndexOf(mark, StringComparison.Ordinal);
        return cut < 0 ? (missing, text) : (text[..cut], text[(cut + 1)..]);
    }

    private static bool TryRead(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
}
