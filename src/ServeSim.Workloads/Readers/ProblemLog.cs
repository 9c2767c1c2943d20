using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads.Readers;

/// <summary>Collects what is wrong with a file in the form <c>file:line:column: error T000: what; found</c>.</summary>
internal sealed class ProblemLog(string file)
{
    /// <summary>A user fixes a handful at a time; the rest is a count.</summary>
    public const int MaxListed = 20;

    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private long _unlisted;

    public IReadOnlyList<string> Warnings => _warnings;

    public bool HasErrors => _errors.Count > 0;

    public bool IsFull => _errors.Count >= MaxListed;

    public void Error(string code, long line, int column, string what)
    {
        if (IsFull) _unlisted++;
        else _errors.Add($"{Place(line, column)}: error {code}: {what}");
    }

    /// <summary>Adds a warning unless one with the same key was given before.</summary>
    public void WarnOnce(string key, string code, long line, int column, string what)
    {
        if (_warned.Add(key)) _warnings.Add($"{Place(line, column)}: warning {code}: {what}");
    }

    /// <summary>A problem after which the rest of the file means nothing.</summary>
    [DoesNotReturn]
    public void Fatal(string code, long line, int column, string what)
    {
        Error(code, line, column, what);
        Throw(stoppedAt: null);
    }

    [DoesNotReturn]
    public void Throw(long? stoppedAt)
    {
        if (_unlisted > 0 || stoppedAt is not null)
        {
            var more = stoppedAt is null ? $"{_unlisted} more problems" : $"{_unlisted} more problems up to line {stoppedAt}, the rest was not read";
            _errors.Add(string.Create(CultureInfo.InvariantCulture, $"{file}: {more}"));
        }

        throw new InputException(_errors);
    }

    private string Place(long line, int column) => column > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{file}:{line}:{column}")
        : string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");
}
