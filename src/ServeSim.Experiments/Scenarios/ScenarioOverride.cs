using ServeSim.Abstractions;

namespace ServeSim.Experiments.Scenarios;

/// <summary>One key set on the command line; a later one wins over an earlier one and both over the file.</summary>
/// <param name="Path">Key path, such as <c>kv.blockSize</c>.</param>
/// <param name="Value">Value as it would stand in the file.</param>
/// <param name="Origin">The flag as typed, for messages.</param>
public sealed record ScenarioOverride(string Path, string Value, string Origin)
{
    /// <summary>Reads <c>key.path=value</c>.</summary>
    /// <exception cref="InputException">There is no key or no equals sign.</exception>
    public static ScenarioOverride Parse(string assignment)
    {
        var split = assignment.IndexOf('=', StringComparison.Ordinal);
        var path = split < 0 ? "" : assignment[..split].Trim();
        if (path.Length == 0 || path.Split('.').Contains(""))
            throw new InputException($"--set {assignment}: must be key.path=value, such as policy.tokenBudget=1024");
        return new ScenarioOverride(path, assignment[(split + 1)..].Trim(), $"--set {assignment}");
    }
}
