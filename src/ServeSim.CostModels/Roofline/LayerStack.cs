using ServeSim.Abstractions;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>The layers of a model in order: what kinds lie in a run of sublayers, and how many experts a batch reads there.</summary>
internal sealed class LayerStack
{
    private const int RememberedTokens = 16_384;

    private readonly int[] _globalBefore;
    private readonly int[] _expertBefore;
    private readonly int _replicas;
    private readonly Func<int, double>? _distinct;
    private readonly double[] _remembered;    // 0: not known yet

    public LayerStack(ModelSpec model, ParallelLayout layout, Func<int, double>? distinctExperts)
    {
        Layers = model.Layers;
        _globalBefore = new int[Layers + 1];
        _expertBefore = new int[Layers + 1];
        for (var layer = 0; layer < Layers; layer++)
        {
            _globalBefore[layer + 1] = _globalBefore[layer] + (model.Window?.IsGlobal(layer) ?? true ? 1 : 0);
            _expertBefore[layer + 1] = _expertBefore[layer] + (model.Experts is { } experts && layer >= experts.DenseLayersFirst ? 1 : 0);
        }

        _replicas = layout.AttentionReplicas;
        _distinct = model.Experts is null ? null : distinctExperts;
        _remembered = _distinct is null ? [] : new double[RememberedTokens + 1];
    }

    public int Layers { get; }

    /// <summary>Attention blocks and MLP blocks between two sublayers.</summary>
    public LayerCounts Count(int first, int end)
    {
        var (attention, attentionEnd, mlp, mlpEnd) = ((first + 1) / 2, (end + 1) / 2, first / 2, end / 2);
        return new(attentionEnd - attention, _globalBefore[attentionEnd] - _globalBefore[attention],
            mlpEnd - mlp, _expertBefore[mlpEnd] - _expertBefore[mlp]);
    }

    /// <summary>Routed experts that the devices of the instance read, up to a sublayer; replicas that share them share the reads.</summary>
    public double ExpertReads(in BatchShape shape, int sublayers)
    {
        if (_distinct is null) return 0;
        double reads = 0;
        using var bands = new LayerBands(shape, 0, Math.Min(sublayers, 2 * Layers));
        while (bands.MoveNext()) reads += Count(bands.First, bands.End).ExpertMlps * Distinct(bands.Shape.Tokens);
        return reads;
    }

    /// <summary>Routed experts of one layer that the devices of the instance read for so many tokens; 0 for a dense model.</summary>
    public double Distinct(int tokens)
    {
        if (tokens == 0 || _distinct is null) return 0;
        if (tokens >= _remembered.Length) return _distinct(tokens * _replicas) / _replicas;
        var known = _remembered[tokens];
        return known > 0 ? known : _remembered[tokens] = _distinct(tokens * _replicas) / _replicas;
    }
}

/// <summary>Blocks of each kind.</summary>
/// <param name="Attentions">Attention blocks.</param>
/// <param name="GlobalAttentions">Those that see the whole context.</param>
/// <param name="Mlps">MLP blocks.</param>
/// <param name="ExpertMlps">Those with routed experts.</param>
internal readonly record struct LayerCounts(int Attentions, int GlobalAttentions, int Mlps, int ExpertMlps)
{
    public int WindowedAttentions => Attentions - GlobalAttentions;

    public int DenseMlps => Mlps - ExpertMlps;

    /// <summary>Layers, of which an attention or MLP block alone is a half.</summary>
    public double Layers => (Attentions + Mlps) / 2.0;
}
