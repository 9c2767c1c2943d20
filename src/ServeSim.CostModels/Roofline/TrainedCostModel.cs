using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// F1: a sum of whole-iteration times at peak rates with trained coefficients (BLIS, trained physics, newest form).
/// Terms whose published coefficient is zero are left out; so is expert parallelism, which we do not lay out.
/// </summary>
public sealed class TrainedCostModel : StagedCostModel
{
    private const double PrefillCompute = 0.152128;
    private const double DecodeKvRead = 1.94710771;
    private const double WeightRead = 1.36252915;
    private const double TensorTransfer = 0.752037;
    private const double MicrosecondsPerLayer = 32.0955;
    private const double MicrosecondsPerSequence = 4.4168;
    private const double MicrosecondsPerIteration = 126.02;

    private readonly ModelSpec _model;
    private readonly StagePlan[] _stages;
    private readonly StageTerms[] _terms;
    private readonly LayerStack _stack;
    private readonly double _flopsPerMicrosecond;
    private readonly double _bytesPerMicrosecond;
    private readonly double _attentionFlopsPerPair;
    private readonly double _kvBytesPerKey;
    private readonly double _commonWeights;
    private readonly double _denseWeights;
    private readonly double _expertWeights;
    private readonly double _sharedWeights;
    private readonly double _reduceMicrosecondsPerToken;
    private readonly double _stageMicrosecondsPerToken;

    /// <summary>Makes the model for one layout.</summary>
    public TrainedCostModel(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CostOptions options)
    {
        layout.Validate(model, gpu);
        Info = CostModelNotes.Trained(model, gpu, layout);
        _model = model;
        _stages = StagePlan.Of(model, layout);
        var (sizes, tensor) = (model.Sizes, (double)layout.Tensor);
        var (experts, active) = (model.Experts?.Experts ?? 0, model.Experts?.ActivePerToken ?? 0);
        _stack = new(model, layout, options.DistinctExperts ?? (tokens => ExpertCoverage.Uniform(experts, active, tokens)));
        _flopsPerMicrosecond = gpu.FlopsPerSecond / 1e6;
        _bytesPerMicrosecond = gpu.BytesPerSecond / 1e6;
        _attentionFlopsPerPair = 4.0 * model.QueryHeads * model.HeadSize / tensor;
        var kvShare = model.LatentAttention is null ? Math.Min(tensor, model.KvHeads) : 1;
        _kvBytesPerKey = sizes.KvElementsPerTokenAndLayer * ModelSizes.BytesPerValue / kvShare;
        _commonWeights = sizes.AttentionMatrices / tensor;
        _denseWeights = sizes.DenseMlpMatrices / tensor;
        _expertWeights = sizes.ExpertMatrices / tensor;
        _sharedWeights = sizes.SharedExpertMatrices / tensor;
        double rowBytes = model.HiddenSize * ModelSizes.BytesPerValue;
        _reduceMicrosecondsPerToken = 2 * rowBytes * 2 * (tensor - 1) / tensor / (gpu.PeerBytesPerSecond(layout.Tensor) / 1e6);
        _terms = [.. _stages.Select(plan => Terms(plan, active))];
        _stageMicrosecondsPerToken = rowBytes / (StageLink.BytesPerSecond(gpu, layout, LinkCatalog.Get(options.NetworkLink)) / 1e6);
    }

    /// <inheritdoc/>
    public override CostModelInfo Info { get; }

    /// <inheritdoc/>
    public override int PipelineStages => _stages.Length;

    /// <summary>The attention term squares the length of every chunk, which no sum of the batch gives.</summary>
    public override bool NeedsSequences => true;

    /// <inheritdoc/>
    public override bool NeedsDecodes => false;

    private protected override LayerStack Stack => _stack;

    /// <inheritdoc/>
    public override SimDuration IterationTime(in BatchShape shape) => _stages.Length == 1 && shape.Slices.IsEmpty
        ? SimDuration.FromMicroseconds(WholeMicroseconds(shape, 0))
        : base.IterationTime(shape);

    private protected override double StageMicroseconds(in BatchShape shape, int stage, int until, CostLedger? ledger)
    {
        if (shape.Slices.IsEmpty && ledger is null && until >= 2 * _stack.Layers) return WholeMicroseconds(shape, stage);
        var sequences = shape.SequenceCount;
        if (sequences == 0) return 0;
        Require(shape);
        ref readonly var plan = ref _stages[stage];
        var (prefillFlops, kvBytes, weightBytes, linkMicroseconds, started, lastTokens) = (0.0, 0.0, 0.0, 0.0, 0.0, 0);
        using var bands = new LayerBands(shape, plan.FirstSublayer, Math.Min(plan.EndSublayer, until));
        while (bands.MoveNext())
        {
            var band = bands.Shape;
            lastTokens = band.Tokens;
            if (lastTokens == 0) continue;

            var pairs = Pairs(band);
            var counts = _stack.Count(bands.First, bands.End);
            double layers = counts.Attentions, dense = counts.DenseMlps, expert = counts.ExpertMlps;
            var active = (layers * _commonWeights) + (dense * _denseWeights)
                + (expert * (_sharedWeights + (_expertWeights * (_model.Experts?.ActivePerToken ?? 0))));
            prefillFlops += (2.0 * band.PrefillTokens * active) + (layers * _attentionFlopsPerPair * pairs);
            kvBytes += layers * _kvBytesPerKey * (band.DecodeContextTokens + band.DecodeSequences);
            var touched = expert > 0 ? _stack.Distinct(lastTokens) : 0;
            weightBytes += ModelSizes.BytesPerValue * ((layers * _commonWeights) + (dense * _denseWeights)
                + (expert * (_sharedWeights + (_expertWeights * touched))));
            linkMicroseconds += TensorTransfer * lastTokens * (counts.Layers * _reduceMicrosecondsPerToken);
            started += counts.Layers;
        }

        if (!plan.IsLast && until >= plan.EndSublayer) linkMicroseconds += TensorTransfer * lastTokens * _stageMicrosecondsPerToken;

        var compute = PrefillCompute * prefillFlops / _flopsPerMicrosecond;
        var kv = DecodeKvRead * kvBytes / _bytesPerMicrosecond;
        var weights = WeightRead * weightBytes / _bytesPerMicrosecond;
        var links = linkMicroseconds;
        var perLayer = MicrosecondsPerLayer * started;
        var perSequence = stage == 0 ? MicrosecondsPerSequence * sequences : 0;
        var perIteration = stage == 0 ? MicrosecondsPerIteration : 0;
        if (ledger is not null)
        {
            ledger.Add("prefill compute", 1, prefillFlops, 0, new(compute, BoundBy.Compute));
            ledger.Add("decode KV read", 1, 0, kvBytes, new(kv, BoundBy.Memory));
            ledger.Add("weight read", 1, 0, weightBytes, new(weights, BoundBy.Memory));
            ledger.Add("links", 1, 0, 0, new(links, BoundBy.Link));
            ledger.Add("per layer", 1, 0, 0, new(perLayer, BoundBy.Overhead));
            ledger.Add("per sequence", 1, 0, 0, new(perSequence, BoundBy.Overhead));
            ledger.Add("per iteration", 1, 0, 0, new(perIteration, BoundBy.Overhead));
        }

        return compute + kv + weights + links + perLayer + perSequence + perIteration;
    }

    /// <summary>All layers of a stage compute the same batch. The sums of the general form in their order, so that they round alike.</summary>
    private double WholeMicroseconds(in BatchShape shape, int stage)
    {
        var tokens = shape.Tokens;
        if (tokens == 0) return 0;
        if (shape.PrefillSequences > 0) Require(shape);
        ref readonly var plan = ref _stages[stage];
        ref readonly var terms = ref _terms[stage];
        var prefillFlops = shape.PrefillTokens == 0 ? 0 : (2.0 * shape.PrefillTokens * terms.ActiveWeights) + (terms.AttentionFlopsPerPair * Pairs(shape));
        var kvBytes = terms.KvBytesPerKey * (shape.DecodeContextTokens + shape.DecodeSequences);
        var weightBytes = plan.ExpertLayers == 0
            ? terms.WeightBytes
            : ModelSizes.BytesPerValue * (terms.DenseWeights + (plan.ExpertLayers * (_sharedWeights + (_expertWeights * _stack.Distinct(tokens)))));
        var links = TensorTransfer * tokens * terms.ReduceMicrosecondsPerToken;
        if (!plan.IsLast) links += TensorTransfer * tokens * _stageMicrosecondsPerToken;
        var time = (PrefillCompute * prefillFlops / _flopsPerMicrosecond) + (DecodeKvRead * kvBytes / _bytesPerMicrosecond)
            + (WeightRead * weightBytes / _bytesPerMicrosecond) + links + (MicrosecondsPerLayer * plan.Layers);
        return stage > 0 ? time : time + (MicrosecondsPerSequence * (shape.PrefillSequences + shape.DecodeSequences)) + MicrosecondsPerIteration;
    }

    private StageTerms Terms(StagePlan plan, int activeExperts)
    {
        double layers = plan.Layers, dense = plan.DenseLayers, expert = plan.ExpertLayers;
        var weights = (layers * _commonWeights) + (dense * _denseWeights);
        return new(weights + (expert * (_sharedWeights + (_expertWeights * activeExperts))), layers * _attentionFlopsPerPair, layers * _kvBytesPerKey,
            weights, ModelSizes.BytesPerValue * weights, layers * _reduceMicrosecondsPerToken);
    }

    // q·(s + q/2) with s the end of the chunk; the published form takes the whole prompt, unknown here while it is cut in chunks.
    private static double Pairs(in BatchShape band)
    {
        double pairs = 0;
        var left = band.PrefillSequences;
        for (var i = 0; left > 0 && i < band.Sequences.Length; i++)
        {
            ref readonly var span = ref band.Sequences[i];
            if (span.IsDecode) continue;
            pairs += span.Tokens * (span.CachedTokens + (1.5 * span.Tokens));
            left--;
        }

        return pairs;
    }

    private static void Require(in BatchShape shape)
    {
        if (!shape.ListsMembers(needsDecodes: false))
            throw new ArgumentException("f1 needs every member of the batch that computes a prompt (NeedsSequences)", nameof(shape));
    }

    /// <summary>What a stage multiplies with the sums of a batch, all its layers together.</summary>
    private readonly record struct StageTerms(
        double ActiveWeights, double AttentionFlopsPerPair, double KvBytesPerKey, double DenseWeights, double WeightBytes, double ReduceMicrosecondsPerToken);
}
