using ServeSim.Abstractions;

namespace ServeSim.Tests.CostModels;

/// <summary>Batches built member by member, with all the sums that a cost model may read.</summary>
internal sealed class Batch
{
    private readonly List<SequenceSpan> _spans = [];
    private int _completed;

    public SequenceSpan[] Spans => [.. _spans];

    public static Batch Decodes(int count, int cached) => new Batch().AddDecodes(count, cached);

    public static Batch Prompt(int tokens, int cached = 0, bool completes = true) => new Batch().AddPrompt(tokens, cached, completes);

    public Batch AddDecodes(int count, int cached)
    {
        for (var i = 0; i < count; i++) _spans.Add(new(1, cached, true));
        return this;
    }

    public Batch AddPrompt(int tokens, int cached = 0, bool completes = true)
    {
        _spans.Add(new(tokens, cached, false));
        if (completes) _completed++;
        return this;
    }

    public BatchShape Shape() => Shape(_spans.ToArray());

    /// <summary>The sums alone, as an engine gives them to a model that does not ask for the members.</summary>
    public BatchShape Sums() => Shape([]);

    private BatchShape Shape(SequenceSpan[] members)
    {
        var prompts = _spans.Where(span => !span.IsDecode).ToList();
        var decodes = _spans.Where(span => span.IsDecode).ToList();
        return new()
        {
            PrefillTokens = prompts.Sum(span => span.Tokens),
            PrefillSequences = prompts.Count,
            PrefillPairs = prompts.Sum(span => ((long)span.Tokens * span.CachedTokens) + ((long)span.Tokens * (span.Tokens + 1) / 2)),
            PrefillContextTokens = prompts.Sum(span => (long)span.CachedTokens + span.Tokens),
            CompletedPrefills = _completed,
            DecodeSequences = decodes.Count,
            DecodeContextTokens = decodes.Sum(span => (long)span.CachedTokens),
            Sequences = members,
        };
    }
}
