namespace ServeSim.Experiments.Scenarios;

/// <summary>One key set on the command line; a later one wins over an earlier one and both over the file.</summary>
/// <param name="Path">Key path, such as <c>kv.blockSize</c>.</param>
/// <param name="Value">Value as it would stand in the file.</param>
/// <param name="Origin">The flag as typed, for messages.</param>
public sealed record ScenarioOverride(string Path, string Value, string Origin)
{
    /// <summary>Reads <c>key.path=value</c>; without key or equals sign the path is empty, which a reader reports.</summary>
    public static ScenarioOverride Parse(string assignment, string flag = "--set")
    {
        var split = assignment.IndexOf('=', StringComparison.Ordinal);
        var path = split < 0 ? "" : assignment[..split].Trim();
        if (path.Split('.').Contains("")) path = "";
        return new ScenarioOverride(path, path.Length == 0 ? "" : assignment[(split + 1)..].Trim(), $"{flag} {assignment}");
    }
}
