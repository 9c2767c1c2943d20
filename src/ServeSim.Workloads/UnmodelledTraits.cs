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

    internal static UnmodelledTrait Of(TraceRecord record) =>
        (record.HashIds is { Count: > 0 } ? UnmodelledTrait.Prefix : 0)
        | (record.Model is not null ? UnmodelledTrait.Model : 0)
        | (record.Adapter is not null ? UnmodelledTrait.Adapter : 0)
        | (record.NumImages > 0 || record.ImageTokens > 0 || record.AudioTokens > 0 || record.VideoTokens > 0 ? UnmodelledTrait.Media : 0);

    internal void Count(UnmodelledTrait traits)
    {
        if (traits == UnmodelledTrait.None) return;
        if (traits.HasFlag(UnmodelledTrait.Prefix)) _prefixes++;
        if (traits.HasFlag(UnmodelledTrait.Model)) _otherModels++;
        if (traits.HasFlag(UnmodelledTrait.Adapter)) _adapters++;
        if (traits.HasFlag(UnmodelledTrait.Media)) _media++;
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
