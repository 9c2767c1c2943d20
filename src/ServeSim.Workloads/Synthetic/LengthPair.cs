using ServeSim.Abstractions;

namespace ServeSim.Workloads.Synthetic;

/// <summary>Prompt and output lengths drawn for requests that no trace gives.</summary>
/// <param name="Input">Prompt tokens.</param>
/// <param name="Output">Output tokens.</param>
public sealed record LengthPair(LengthSpec Input, LengthSpec Output)
{
    // Our own: lognormals through the published medians and means of the data set, lengths independent of each other.
    private const string ReasoningChat = "lognormal:209,380.6/lognormal:1954,2160.1";

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["sharegpt-o1-like"] = ReasoningChat,
        ["decode-heavy"] = "uniform:32..4096/uniform:2048..4096",
        ["balanced"] = "uniform:3000..5000/uniform:3000..5000",
        ["prefill-heavy"] = "uniform:2048..4096/uniform:32..4096",
    };

    /// <summary>Names that stand for a pair.</summary>
    public static IEnumerable<string> Presets => Names.Keys;

    /// <summary>
    /// Reads <c>INPUT/OUTPUT</c>, each as <see cref="LengthSpec.Parse"/> takes it, or a name: <c>sharegpt-o1-like</c>, or the three uniform
    /// distributions of Past-Future (ASPLOS 2025), <c>decode-heavy</c>, <c>balanced</c> and <c>prefill-heavy</c>.
    /// </summary>
    /// <exception cref="InputException">It is none of them.</exception>
    public static LengthPair Parse(string text)
    {
        var parts = Names.GetValueOrDefault(text, text).Split('/');
        if (parts.Length != 2) throw new InputException($"lengths \"{text}\" are not known; give INPUT/OUTPUT such as uniform:32..4096/lognormal:200,300, or a name: {Suggestion.For(text, Names.Keys)}");
        return new(LengthSpec.Parse(parts[0]), LengthSpec.Parse(parts[1]));
    }

    /// <summary>An endless row of requests; the i-th is the same for the same seed, whoever asks.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="maxOutput">Cap that every request carries; longer outputs are cut.</param>
    public IEnumerable<RequestSpec> Requests(ulong seed, int? maxOutput = null)
    {
        var input = Input.Start(new RandomStream(seed, "clients.input"));
        var output = Output.Start(new RandomStream(seed, "clients.output"));
        while (true)
        {
            yield return new RequestSpec
            {
                Arrival = SimTime.Zero, InputTokens = input(), OutputTokens = Math.Min(output(), maxOutput ?? int.MaxValue), MaxOutputTokens = maxOutput,
            };
        }
    }
}
