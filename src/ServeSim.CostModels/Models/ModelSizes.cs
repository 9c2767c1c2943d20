namespace ServeSim.CostModels.Models;

/// <summary>
/// Parameters, weight bytes and KV bytes that follow from a model's shape. Integer arithmetic throughout: the totals
/// must meet the published ones to the last parameter.
/// </summary>
public readonly record struct ModelSizes(ModelSpec Model)
{
    /// <summary>Bytes of a BF16 value.</summary>
    public const int BytesPerValue = 2;

    /// <summary>Weights of the attention matrices of one layer, without biases and norms.</summary>
    public long AttentionMatrices
    {
        get
        {
            long hidden = Model.HiddenSize, heads = Model.QueryHeads;
            if (Model.LatentAttention is not { } latent)
                return (2 * hidden * heads * Model.HeadSize) + (2 * hidden * Model.KvHeads * Model.HeadSize);
            var queryKey = heads * (latent.NopeHeadSize + latent.RopeHeadSize);
            var query = latent.QueryRank == 0 ? hidden * queryKey : (hidden + queryKey) * latent.QueryRank;
            return query
                + (hidden * latent.CachedElements)
                + (latent.KvRank * heads * (latent.NopeHeadSize + latent.ValueHeadSize))
                + (heads * latent.ValueHeadSize * hidden);
        }
    }

    /// <summary>Weights of one dense MLP, without biases.</summary>
    public long DenseMlpMatrices => (Model.GatedMlp ? 3L : 2L) * Model.HiddenSize * Model.FfnSize;

    /// <summary>Weights of one routed expert, without biases.</summary>
    public long ExpertMatrices => Model.Experts is { } e ? 3L * Model.HiddenSize * e.FfnSize : 0;

    /// <summary>Weights of the shared experts of a layer.</summary>
    public long SharedExpertMatrices => Model.Experts is { } e ? 3L * Model.HiddenSize * e.SharedFfnSize * e.SharedExperts : 0;

    /// <summary>Weights of all routed experts of all layers, without biases.</summary>
    public long RoutedExpertParameters => Model.Experts is { } e ? Model.ExpertLayers * e.Experts * ExpertMatrices : 0;

    /// <summary>All parameters.</summary>
    public long Parameters => ParametersWith(Model.Experts?.Experts ?? 0);

    /// <summary>Parameters that a token uses, embeddings included.</summary>
    public long ActiveParameters => ParametersWith(Model.Experts?.ActivePerToken ?? 0);

    /// <summary>Bytes of all weights in BF16.</summary>
    public long WeightBytes => Parameters * BytesPerValue;

    /// <summary>Bytes of the checkpoint in its published format.</summary>
    public long PublishedWeightBytes
    {
        get
        {
            switch (Model.PublishedFormat)
            {
                case WeightFormat.Mxfp4:
                    return (RoutedExpertParameters * 17 / 32) + ((Parameters - RoutedExpertParameters) * BytesPerValue);
                case WeightFormat.Fp8:
                    var oneByte = (Model.Layers * AttentionParameters) + ((Model.Layers - Model.ExpertLayers) * DenseMlpMatrices)
                        + (Model.ExpertLayers * SharedExpertMatrices) + RoutedExpertParameters;
                    return oneByte + (oneByte * 4 / (128 * 128)) + ((Parameters - oneByte) * BytesPerValue);
                default:
                    return WeightBytes;
            }
        }
    }

    /// <summary>Elements that one token adds to the cache of one layer.</summary>
    public int KvElementsPerTokenAndLayer => Model.LatentAttention?.CachedElements ?? (2 * Model.KvHeads * Model.HeadSize);

    /// <summary>BF16 bytes that one token adds to the caches of all layers, windows ignored.</summary>
    public long KvBytesPerToken => (long)Model.Layers * KvElementsPerTokenAndLayer * BytesPerValue;

    /// <summary>The part of <see cref="KvBytesPerToken"/> in layers that keep every token.</summary>
    public long KvBytesPerTokenGlobalLayers => (long)Model.GlobalLayers * KvElementsPerTokenAndLayer * BytesPerValue;

    /// <summary>The part of <see cref="KvBytesPerToken"/> in layers that keep at most a window.</summary>
    public long KvBytesPerTokenWindowedLayers => (long)Model.WindowedLayers * KvElementsPerTokenAndLayer * BytesPerValue;

    /// <summary>Bytes that a sequence needs when windowed layers drop what they no longer see.</summary>
    public long KvBytes(long contextTokens) => (KvBytesPerTokenGlobalLayers * contextTokens)
        + (KvBytesPerTokenWindowedLayers * Math.Min(contextTokens, Model.Window?.Tokens ?? contextTokens));

    private long AttentionParameters
    {
        get
        {
            if (Model.LatentAttention is { } latent) return AttentionMatrices + latent.QueryRank + latent.KvRank;
            return AttentionMatrices
                + (Model.QkvBias ? (Model.QueryHeads + (2L * Model.KvHeads)) * Model.HeadSize : 0)
                + (Model.OutputBias ? Model.HiddenSize : 0)
                + (Model.QueryKeyNorm ? 2L * Model.HeadSize : 0)
                + (Model.AttentionSinks ? Model.QueryHeads : 0);
        }
    }

    private long ParametersWith(int routedExperts)
    {
        long hidden = Model.HiddenSize, vocabulary = Model.VocabularySize;
        var denseMlp = DenseMlpMatrices + (Model.GatedMlp ? 0 : Model.FfnSize + hidden);
        var norms = ((Model.NormsPerLayer * (long)Model.Layers) + 1) * hidden * (Model.LayerNorm ? 2 : 1);
        var embeddings = (vocabulary * hidden * (Model.TiedEmbeddings ? 1 : 2)) + (Model.HeadBias ? vocabulary : 0);
        var total = (Model.Layers * AttentionParameters) + ((Model.Layers - Model.ExpertLayers) * denseMlp) + norms + embeddings;
        if (Model.Experts is not { } experts) return total;
        var expert = ExpertMatrices + (experts.ExpertBias ? (2L * experts.FfnSize) + hidden : 0);
        var router = (hidden * experts.Experts) + (experts.RouterBias ? experts.Experts : 0);
        return total + (Model.ExpertLayers * (router + SharedExpertMatrices + (routedExperts * expert)));
    }
}
