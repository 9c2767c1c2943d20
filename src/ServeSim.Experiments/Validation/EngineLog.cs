using ServeSim.Abstractions;

namespace ServeSim.Experiments.Validation;

/// <summary>One request as a real engine served it; seconds since the first arrival.</summary>
public readonly record struct LoggedRequest(string Id, double Arrival, int InputTokens, int OutputTokens, double FirstToken, double LastToken)
{
    public double Ttft => FirstToken - Arrival;

    public double E2e => LastToken - Arrival;

    /// <summary>Null for one-token outputs.</summary>
    public double? Tpot => OutputTokens > 1 ? (LastToken - FirstToken) / (OutputTokens - 1) : null;
}

/// <summary>The request log of a real engine.</summary>
public sealed record EngineLog(string Name, IReadOnlyList<LoggedRequest> Requests)
{
    /// <summary>How the name of such a file ends.</summary>
    public const string Suffix = ".requests.csv";

    /// <summary>Reads a log: id, arrival_s, input_tokens, output_tokens, first_token_s, last_token_s; further columns are not used.</summary>
    /// <exception cref="InputException">It cannot be read, or a row contradicts itself.</exception>
    public static EngineLog Read(string path)
    {
        var table = CsvColumns.Read(path);
        table.Require("id", "arrival_s", "input_tokens", "output_tokens", "first_token_s", "last_token_s");
        var requests = new List<LoggedRequest>(table.Count);
        var problems = new List<string>();
        for (var row = 0; row < table.Count; row++)
        {
            var request = new LoggedRequest(table.Text(row, "id"), table.Number(row, "arrival_s"), table.Whole(row, "input_tokens"),
                table.Whole(row, "output_tokens"), table.Number(row, "first_token_s"), table.Number(row, "last_token_s"));
            if (request.InputTokens < 1 || request.OutputTokens < 1) problems.Add($"{path}({row + 2}): a request needs at least one input and one output token");
            if (request.FirstToken < request.Arrival || request.LastToken < request.FirstToken)
                problems.Add($"{path}({row + 2}): arrival_s, first_token_s and last_token_s must not decrease");
            requests.Add(request);
        }

        if (requests.Count == 0) problems.Add($"{path}: no request is in it");
        if (problems.Count > 0) throw new InputException(problems);
        var file = Path.GetFileName(path);
        return new(file.EndsWith(Suffix, StringComparison.Ordinal) ? file[..^Suffix.Length] : file, [.. requests.OrderBy(r => r.Arrival)]);
    }
}
