namespace ServeSim.Abstractions;

/// <summary>
/// What a user gave cannot be used (exit code 2). Each problem says where (file and line, or key), what was found,
/// what is allowed and, where it can be guessed, what to try.
/// </summary>
public sealed class InputException : Exception
{
    /// <summary>One problem.</summary>
    public InputException(string problem) : this([problem]) { }

    /// <summary>All problems found, in the order of the input.</summary>
    public InputException(IReadOnlyList<string> problems) : base(string.Join('\n', problems)) => Problems = problems;

    /// <summary>The problems, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }
}
