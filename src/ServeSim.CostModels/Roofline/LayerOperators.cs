using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// The operators of one device's share of a model, attention kernels apart. Fractions of an FFN or a vocabulary that
/// does not divide evenly stay fractions.
/// </summary>
internal sealed class LayerOperators
{
    private readonly ModelSpec _model;
    private readonly int _tensor;
    private readonly bool _elementWise;
    private readonly Func<int, double>? _distinctExperts;

    public LayerOperators(ModelSpec model, int tensor, bool elementWise, Func<int, double>? distinctExperts)
    {
        _model = model;
        _tensor = tensor;
        _elementWise = elementWise;
        _distinctExperts = distinctExperts;
    }

    private double Hidden => _model.HiddenSize;

    private double QueryHeads => _model.QueryHeads / _tensor;

    private double KvHeads => Math.Max(1, _model.KvHeads / _tensor);

    /// <summary>Operators around attention: every layer has them.</summary>
    public IReadOnlyList<RowOperator> Common()
    {
        var list = new List<RowOperator>();
        if (_elementWise) list.Add(ElementWise("norm", 4 * Hidden) with { Count = _model.NormsPerLayer });
        if (_model.LatentAttention is { } latent) AddLatentProjections(list, latent);
        else
        {
            var columns = QueryHeads + (2 * KvHeads);
            list.Add(RowOperator.Gemm("qkv", columns * _model.HeadSize, Hidden));

            // Rotate queries and keys in place, then write keys and values to the cache.
            if (_elementWise) list.Add(ElementWise("rope and cache write", ((2 * (QueryHeads + KvHeads)) + (2 * KvHeads)) * _model.HeadSize));
            list.Add(RowOperator.Gemm("attention out", Hidden, QueryHeads * _model.HeadSize));
        }

        if (_tensor > 1) list.Add(new("all-reduce", KernelKind.AllReduce, 1, 0, Hidden * ModelSizes.BytesPerValue, 0));
        return list;
    }

    /// <summary>The MLP of a dense layer.</summary>
    public IReadOnlyList<RowOperator> DenseMlp()
    {
        var list = new List<RowOperator>();
        AddMlp(list, "", _model.FfnSize, _model.GatedMlp);
        AddReduce(list);
        return list;
    }

    /// <summary>Router, routed and shared experts of a sparse layer; nothing for a dense model.</summary>
    public IReadOnlyList<RowOperator> ExpertMlp()
    {
        if (_model.Experts is not { } experts) return [];
        var (count, active) = (experts.Experts, experts.ActivePerToken);
        double ffn = (double)experts.FfnSize / _tensor;
        var list = new List<RowOperator>
        {
            RowOperator.Gemm("router", count, Hidden),
            new("experts", KernelKind.Experts, 1, active * 6 * Hidden * ffn, active * ((2 * Hidden) + (3 * ffn)) * ModelSizes.BytesPerValue, 0)
            {
                BytesPerExpert = 3 * Hidden * ffn * ModelSizes.BytesPerValue,
                DistinctExperts = _distinctExperts ?? (tokens => ExpertCoverage.Uniform(count, active, tokens)),
            },
        };
        if (experts.SharedExperts > 0) AddMlp(list, "shared ", experts.SharedExperts * experts.SharedFfnSize, gated: true);
        AddReduce(list);
        return list;
    }

    /// <summary>The norm before the head.</summary>
    public IReadOnlyList<RowOperator> FinalNorm() => _elementWise ? [ElementWise("norm", 4 * Hidden)] : [];

    /// <summary>The head, for rows whose logits are wanted.</summary>
    public IReadOnlyList<RowOperator> Head()
    {
        var vocabulary = (double)_model.VocabularySize;
        var head = RowOperator.Gemm("lm head", vocabulary / _tensor, Hidden);
        return _tensor == 1 ? [head] : [head, new("logits all-gather", KernelKind.AllGather, 1, 0, vocabulary * ModelSizes.BytesPerValue, 0)];
    }

    /// <summary>Activations that one pipeline stage hands to the next.</summary>
    public RowOperator StageTransfer() => new("stage transfer", KernelKind.StageTransfer, 1, 0, Hidden * ModelSizes.BytesPerValue, 0);

    private void AddLatentProjections(List<RowOperator> list, LatentAttentionShape latent)
    {
        double queryKey = QueryHeads * (latent.NopeHeadSize + latent.RopeHeadSize);
        list.Add(RowOperator.Gemm("query and latent down", latent.QueryRank + latent.CachedElements, Hidden));
        list.Add(latent.QueryRank > 0
            ? RowOperator.Gemm("query up", queryKey, latent.QueryRank)
            : RowOperator.Gemm("query", queryKey, Hidden));
        if (_elementWise)
            list.Add(ElementWise("rope and cache write", (2 * (QueryHeads + 1) * latent.RopeHeadSize) + latent.CachedElements));
        list.Add(RowOperator.Gemm("attention out", Hidden, QueryHeads * latent.ValueHeadSize));
    }

    private void AddMlp(List<RowOperator> list, string prefix, double ffnSize, bool gated)
    {
        var ffn = ffnSize / _tensor;
        list.Add(RowOperator.Gemm(prefix + (gated ? "gate+up" : "up"), gated ? 2 * ffn : ffn, Hidden));
        if (_elementWise) list.Add(ElementWise(prefix + "activation", (gated ? 3 : 2) * ffn));
        list.Add(RowOperator.Gemm(prefix + "down", Hidden, ffn));
    }

    private void AddReduce(List<RowOperator> list)
    {
        if (_tensor > 1) list.Add(new("all-reduce", KernelKind.AllReduce, 1, 0, Hidden * ModelSizes.BytesPerValue, 0));
    }

    private static RowOperator ElementWise(string name, double valuesPerRow) =>
        new(name, KernelKind.ElementWise, 1, 0, valuesPerRow * ModelSizes.BytesPerValue, 0);
}
