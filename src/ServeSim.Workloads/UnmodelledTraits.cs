using System.Globalization;

namespace ServeSim.Workloads;

/// <summary>
/// Counts what records say that a run does not model yet, so that the result can tell. Nothing a trace says may be priced
/// at zero without a word.
/// </summary>
public sealed class UnmodelledTraits
{
    private long _prefixes;
    private long _otherModels;
    private long _adapters;
    private long _media;

    internal void Count(TraceRecord record)
    {
        if (record.HashIds is { Count: > 0 }) _prefixes++;
        if (record.Model is not null) _otherModels++;
        if (record.Adapter is not null) _adapters++;
        if (record.NumImages > 0 || record.ImageTokens > 0 || record.AudioTokens > 0 || record.VideoTokens > 0) _media++;
    }

    /// <summary>One sentence for each trait that occurred.</summary>
    public IReadOnlyList<string> Notes()
    {
        var notes = new List<string>();
        Add(_prefixes, "name prefix blocks (hash_ids): no prefix cache is modelled, every prompt is computed in full");
        Add(_otherModels, "name a model: all of them run on the model of this run");
        Add(_adapters, "name an adapter: loading and applying adapters is not modelled");
        Add(_media, "carry images, audio or video: their tokens count as prompt where the trace counts them, encoders are not modelled");
        return notes;

        void Add(long count, string what)
        {
            if (count > 0) notes.Add(string.Create(CultureInfo.InvariantCulture, $"trace: {count} records {what}"));
        }
    }
}
