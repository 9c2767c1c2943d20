namespace ServeSim.CostModels.Models;

/// <summary>The shape of a model. Everything else (parameters, bytes) follows from it, see <see cref="ModelSizes"/>.</summary>
public sealed record ModelSpec
{
    public required string Name { get; init; }

    /// <summary>Name of the checkpoint on Hugging Face.</summary>
    public required string HuggingFaceName { get; init; }

    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int QueryHeads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>FFN size of dense layers.</summary>
    public required int FfnSize { get; init; }

    public required int VocabularySize { get; init; }

    public required int MaxContextTokens { get; init; }

    /// <summary>The MLP multiplies by a gate: three matrices instead of two.</summary>
    public bool GatedMlp { get; init; } = true;

    /// <summary>Input embedding and output head share their weights.</summary>
    public bool TiedEmbeddings { get; init; }

    public bool QkvBias { get; init; }

    public bool OutputBias { get; init; }

    public bool HeadBias { get; init; }

    /// <summary>Queries and keys are normalised per head.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>One learned attention sink per head.</summary>
    public bool AttentionSinks { get; init; }

    /// <summary>LayerNorm (weight and bias) instead of RMS norm.</summary>
    public bool LayerNorm { get; init; }

    public int NormsPerLayer { get; init; } = 2;

    public LatentAttentionShape? LatentAttention { get; init; }

    public ExpertShape? Experts { get; init; }

    public AttentionWindow? Window { get; init; }

    /// <summary>Format of the published checkpoint. Costs and capacities are for BF16 unless the precision says otherwise.</summary>
    public WeightFormat PublishedFormat { get; init; }

    /// <summary>Exact parameter total that the publisher states, a control figure; null where none is known.</summary>
    public long? PublishedParameters { get; init; }

    public required string Source { get; init; }

    public required string Confidence { get; init; }

    public string? Note { get; init; }

    /// <summary>Layers whose MLP is a mixture of experts.</summary>
    public int ExpertLayers => Experts is null ? 0 : Layers - Experts.DenseLayersFirst;

    /// <summary>Layers that see the whole context.</summary>
    public int GlobalLayers => Window is null ? Layers : Layers / Window.GlobalEvery;

    /// <summary>Layers with a window.</summary>
    public int WindowedLayers => Layers - GlobalLayers;

    /// <summary>Parameters and bytes.</summary>
    public ModelSizes Sizes => new(this);
}
