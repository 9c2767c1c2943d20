namespace ServeSim.Abstractions;

/// <summary>
/// Prompt work that crosses only a part of the layers in an iteration. Positions count sublayers: 2·l is the attention
/// block of layer l, 2·l + 1 its MLP block, so that work interrupted inside a layer can go on there.
/// </summary>
public readonly record struct LayerSlice
{
    /// <summary>First sublayer that is computed.</summary>
    public required int FirstSublayer { get; init; }

    /// <summary>The sublayer behind the last one.</summary>
    public required int EndSublayer { get; init; }

    /// <summary>Prompt tokens computed.</summary>
    public int PrefillTokens { get; init; }

    /// <summary>Requests that compute a chunk here.</summary>
    public int PrefillSequences { get; init; }

    /// <summary>As <see cref="BatchShape.PrefillPairs"/>.</summary>
    public long PrefillPairs { get; init; }

    /// <summary>As <see cref="BatchShape.PrefillContextTokens"/>.</summary>
    public long PrefillContextTokens { get; init; }

    /// <summary>As <see cref="BatchShape.LongestPrefillContext"/>.</summary>
    public int LongestPrefillContext { get; init; }
}
