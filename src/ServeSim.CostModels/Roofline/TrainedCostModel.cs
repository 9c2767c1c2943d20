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
    private readonly LayerStack _stack;
    private readonly Func<int, double> _distinctExperts;
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
        _distinctExperts = options.DistinctExperts ?? (tokens => ExpertCoverage.Uniform(experts, active, tokens));
        _stack = new(model, layout, _distinctExperts);
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
        _stageMicrosecondsPerToken = rowBytes / (StageLink.BytesPerSecond(gpu, layout, LinkCatalog.Get(options.NetworkLink)) / 1e6);
    }

    /// <inheritdoc/>
    public override CostModelInfo Info { get; }

    /// <inheritdoc/>
    public override int PipelineStages => _stages.Length;

    /// <summary>The attention term squares the length of every chunk, which no sum of the batch gives.</summary>
    public override bool NeedsSequences => true;

    private protected override LayerStack Stack => _stack;

    private protected override double StageMicroseconds(in BatchShape shape, int stage, int until, CostLedger? ledger)
    {
        var sequences = shape.SequenceCount;
        if (sequences == 0) return 0;
        if (shape.Sequences.Length != sequences)
            throw new ArgumentException("f1 needs every member of the batch (NeedsSequences)", nameof(shape));
        ref readonly var plan = ref _stages[stage];
        var (prefillFlops, kvBytes, weightBytes, linkMicroseconds, started, lastTokens) = (0.0, 0.0, 0.0, 0.0, 0.0, 0);
        using var bands = new LayerBands(shape, plan.FirstSublayer, Math.Min(plan.EndSublayer, until));
        while (bands.MoveNext())
        {
            var band = bands.Shape;
            lastTokens = band.Tokens;
            if (lastTokens == 0) continue;

            // q·(s + q/2) with s the end of the chunk; the published form takes the whole prompt, unknown here while it is cut in chunks.
            double pairs = 0;
            foreach (ref readonly var span in band.Sequences)
                if (!span.IsDecode) pairs += span.Tokens * (span.CachedTokens + (1.5 * span.Tokens));

            var counts = _stack.Count(bands.First, bands.End);
            double layers = counts.Attentions, dense = counts.DenseMlps, expert = counts.ExpertMlps;
            var active = (layers * _commonWeights) + (dense * _denseWeights)
                + (expert * (_sharedWeights + (_expertWeights * (_model.Experts?.ActivePerToken ?? 0))));
            prefillFlops += (2.0 * band.PrefillTokens * active) + (layers * _attentionFlopsPerPair * pairs);
            kvBytes += layers * _kvBytesPerKey * (band.DecodeContextTokens + band.DecodeSequences);
            var touched = expert > 0 ? _distinctExperts(lastTokens) : 0;
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
}
