using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;
using ServeSim.CostModels.Roofline;

namespace ServeSim.CostModels.Calibration.Profiles;

/// <summary>Finds the operator behind a name in a profile of single layer operators.</summary>
internal static class LayerOps
{
    /// <summary>Names that profiles use, in the order of execution.</summary>
    public static readonly string[] Names =
        ["embedding", "norm1", "norm2", "norm", "qkv", "qk_norm", "rope", "o", "add", "up", "act", "down", "final_norm", "lm_head", "sampler"];

    /// <summary>
    /// A profile of one layer runs its operators over and over. Where all their weights fit into half of the last-level cache they
    /// are read from there, which a whole model never does.
    /// </summary>
    public static bool StayInCache(ModelSpec model, int tensor, double cacheBytes)
    {
        var operators = new LayerOperators(model, new(tensor, 1), OperatorFlavour.Fused, null);
        double bytes = 0;
        foreach (var op in operators.Common()) bytes += op.FixedBytes;
        foreach (var op in model.Experts is null ? operators.DenseMlp() : []) bytes += op.FixedBytes;
        return bytes < cacheBytes / 2;
    }

    /// <summary>The operator of a model's share, or null where the model has none of that name.</summary>
    public static RowOperator? Find(ModelSpec model, int tensor, string name, bool isUnfused)
    {
        var operators = new LayerOperators(model, new(tensor, 1), isUnfused ? OperatorFlavour.Unfused : OperatorFlavour.Fused, null);
        var (list, wanted) = name switch
        {
            "embedding" => (operators.Embedding(), "embedding"),
            "norm" or "norm1" or "norm2" => (operators.Common(), "norm"),
            "add" => (operators.Common(), "residual add"),
            "qkv" => (operators.Common(), "qkv"),
            "qk_norm" => (operators.Common(), "query-key norm"),
            "rope" => (operators.Common(), "rope and cache write"),
            "o" => (operators.Common(), "attention out"),
            "up" => (operators.DenseMlp(), model.GatedMlp ? "gate+up" : "up"),
            "act" => (operators.DenseMlp(), "activation"),
            "down" => (operators.DenseMlp(), "down"),
            "final_norm" => (operators.FinalNorm(), "final norm"),
            "lm_head" => (operators.Head(), "lm head"),
            "sampler" => (operators.Head(), "sampler"),
            _ => (operators.Common(), ""),
        };
        foreach (var op in list)
            if (op.Name == wanted) return op;
        return null;
    }
}
