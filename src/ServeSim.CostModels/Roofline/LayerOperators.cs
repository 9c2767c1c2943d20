using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// The operators of one device's share of a model, attention kernels apart. Fractions of an FFN or a vocabulary that
/// does not divide evenly stay fractions. Every cost model and the predictions of single operators take them from here.
/// </summary>
internal sealed class LayerOperators(ModelSpec model, ParallelLayout layout, OperatorFlavour flavour, Func<int, double>? distinctExperts)
{
    private readonly int _tensor = layout.Tensor;
    private readonly bool _counts = flavour != OperatorFlavour.GemmsOnly;

    private double Hidden => model.HiddenSize;

    private double QueryHeads => model.QueryHeads / _tensor;

    private double KvHeads => Math.Max(1, model.KvHeads / _tensor);

    /// <summary>Rows of the token embedding, once per iteration.</summary>
    public IReadOnlyList<RowOperator> Embedding() =>
        flavour is OperatorFlavour.Fused or OperatorFlavour.Unfused ? [Bytes("embedding", KernelKind.Embedding, 2 * Hidden)] : [];

    /// <summary>Operators around attention: every layer has them.</summary>
    public IReadOnlyList<RowOperator> Common()
    {
        var list = new List<RowOperator>();
        AddNorms(list);
        if (model.LatentAttention is { } latent) AddLatentProjections(list, latent);
        else
        {
            var columns = QueryHeads + (2 * KvHeads);
            list.Add(RowOperator.Gemm("qkv", columns * model.HeadSize, Hidden, WeightClass.Attention));
            var rotated = 2 * (QueryHeads + KvHeads) * model.HeadSize;
            if (flavour == OperatorFlavour.Fused && model.QueryKeyNorm) list.Add(Bytes("query-key norm", KernelKind.QueryKeyNorm, rotated));

            // Rotate queries and keys in place, then write keys and values to the cache; fitted multipliers include the write.
            if (_counts) list.Add(Bytes("rope and cache write", KernelKind.Rope, rotated + (flavour == OperatorFlavour.Bytes ? 2 * KvHeads * model.HeadSize : 0)));
            list.Add(RowOperator.Gemm("attention out", Hidden, QueryHeads * model.HeadSize, WeightClass.Attention));
        }

        AddReduce(list);
        return list;
    }

    /// <summary>The MLP of a dense layer.</summary>
    public IReadOnlyList<RowOperator> DenseMlp()
    {
        var list = new List<RowOperator>();
        AddMlp(list, "", model.FfnSize, model.GatedMlp);
        AddReduce(list);
        return list;
    }

    /// <summary>Router, routed and shared experts of a sparse layer; nothing for a dense model.</summary>
    public IReadOnlyList<RowOperator> ExpertMlp()
    {
        if (model.Experts is not { } experts) return [];
        var ranks = layout.ExpertRanks;
        var layer = new ExpertLayer(Hidden, ranks > 1 ? experts.FfnSize : (double)experts.FfnSize / _tensor, experts.ActivePerToken, experts.Experts, 3, ranks, ranks > 1 ? 1 : _tensor);
        var replicas = layout.AttentionReplicas;
        var distinct = distinctExperts is null || (ranks == 1 && replicas == 1)
            ? distinctExperts
            : tokens => distinctExperts(tokens * replicas) / ranks;
        var list = new List<RowOperator> { RowOperator.Gemm("router", experts.Experts, Hidden) };
        if (replicas > 1) list.Add(Exchange("expert dispatch", experts));
        list.Add(RowOperator.ExpertGemm(layer, replicas, distinct));
        if (replicas > 1) list.Add(Exchange("expert combine", experts));
        if (experts.SharedExperts > 0) AddMlp(list, "shared ", experts.SharedExperts * experts.SharedFfnSize, gated: true);
        AddReduce(list);
        return list;
    }

    /// <summary>The norm before the head.</summary>
    public IReadOnlyList<RowOperator> FinalNorm() => _counts
        ? [Bytes(flavour == OperatorFlavour.Bytes ? "norm" : "final norm", KernelKind.FinalNorm, 4 * Hidden)]
        : [];

    /// <summary>The head, for rows whose logits are wanted.</summary>
    public IReadOnlyList<RowOperator> Head()
    {
        var vocabulary = (double)model.VocabularySize;
        var list = new List<RowOperator> { RowOperator.Gemm("lm head", vocabulary / _tensor, Hidden) };
        if (_tensor > 1) list.Add(new("logits all-gather", KernelKind.AllGather, 1, 0, vocabulary * ModelSizes.BytesPerValue, 0));
        if (flavour == OperatorFlavour.Fused) list.Add(Bytes("sampler", KernelKind.Sampler, vocabulary));
        return list;
    }

    /// <summary>Activations that one pipeline stage hands to the next.</summary>
    public RowOperator StageTransfer() => new("stage transfer", KernelKind.StageTransfer, 1, 0, Hidden * ModelSizes.BytesPerValue, 0);

    private void AddNorms(List<RowOperator> list)
    {
        if (flavour == OperatorFlavour.Unfused)
        {
            list.Add(Bytes("norm", KernelKind.Norm, 2 * Hidden) with { Count = model.NormsPerLayer });
            list.Add(Bytes("residual add", KernelKind.Add, 3 * Hidden) with { Count = 2 });
        }
        else if (_counts) list.Add(Bytes("norm", KernelKind.Norm, 4 * Hidden) with { Count = model.NormsPerLayer });
    }

    private void AddLatentProjections(List<RowOperator> list, LatentAttentionShape latent)
    {
        double queryKey = QueryHeads * (latent.NopeHeadSize + latent.RopeHeadSize);
        list.Add(RowOperator.Gemm("query and latent down", latent.QueryRank + latent.CachedElements, Hidden, WeightClass.Attention));
        list.Add(latent.QueryRank > 0
            ? RowOperator.Gemm("query up", queryKey, latent.QueryRank, WeightClass.Attention)
            : RowOperator.Gemm("query", queryKey, Hidden, WeightClass.Attention));
        if (_counts)
            list.Add(Bytes("rope and cache write", KernelKind.Rope, (2 * (QueryHeads + 1) * latent.RopeHeadSize) + latent.CachedElements));
        list.Add(RowOperator.Gemm("attention out", Hidden, QueryHeads * latent.ValueHeadSize, WeightClass.Attention));
    }

    private void AddMlp(List<RowOperator> list, string prefix, double ffnSize, bool gated)
    {
        var ffn = ffnSize / _tensor;
        list.Add(RowOperator.Gemm(prefix + (gated ? "gate+up" : "up"), gated ? 2 * ffn : ffn, Hidden, WeightClass.Mlp));
        if (_counts) list.Add(Bytes(prefix + "activation", KernelKind.Activation, (gated ? 3 : 2) * ffn));
        list.Add(RowOperator.Gemm(prefix + "down", Hidden, ffn, WeightClass.Mlp));
    }

    private void AddReduce(List<RowOperator> list)
    {
        if (_tensor > 1) list.Add(new("all-reduce", KernelKind.AllReduce, 1, 0, Hidden * ModelSizes.BytesPerValue, 0));
    }

    // A rank sends each row once per chosen expert, but for those that live on the rank itself.
    private RowOperator Exchange(string name, ExpertShape experts) => new(name, KernelKind.AllToAll, 1, 0,
        experts.ActivePerToken * Hidden * ModelSizes.BytesPerValue * (layout.ExpertRanks - 1) / layout.ExpertRanks, 0);

    private static RowOperator Bytes(string name, KernelKind kind, double valuesPerRow) =>
        new(name, kind, 1, 0, valuesPerRow * ModelSizes.BytesPerValue, 0);
}
