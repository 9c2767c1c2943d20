using System.Numerics;
using System.Runtime.InteropServices;
using ServeSim.Abstractions;
using ServeSim.CostModels.Calibration;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Operators by laws fitted to measured kernels. All but attention depends on the number of rows alone and is read from
/// two tables; attention is a handful of multiplications.
/// </summary>
public sealed class CalibratedCostModel : IExplainedCostModel
{
    private readonly StagePlan[] _stages;
    private readonly RowSum[] _dense;
    private readonly RowSum _head;
    private readonly DecodeAttention _attention;
    private readonly CalibratedAttention? _grouped;
    private readonly CalibratedAttention? _windowed;
    private readonly EngineOverhead _overhead;
    private readonly LayerStack _stack;
    private readonly Func<LayerRowSums> _makeLayerRows;
    private LayerRowSums? _layerRows;    // made when a batch first has slices; two threads would make the same

    /// <summary>Makes the model for one layout.</summary>
    public CalibratedCostModel(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CostOptions options)
    {
        layout.Validate(model, gpu);
        var clock = new CalibratedClock(gpu, layout, options);
        var operators = new LayerOperators(model, layout, clock.Flavour, options.DistinctExperts);
        var residuals = new ResidualOverlay(options.Overlay ? clock.Laws.Set : null, clock.Laws.Stack, gpu.Name, model.Name, layout.Tensor);
        _stages = StagePlan.Of(model, layout);
        _dense = new RowSum[_stages.Length];
        for (var stage = 0; stage < _stages.Length; stage++)
        {
            ref readonly var plan = ref _stages[stage];
            var sum = new RowSum(clock, residuals, options.RememberedRows);
            if (stage == 0) sum.Add(operators.Embedding(), 1);
            sum.Add(operators.Common(), plan.Layers);
            sum.Add(operators.DenseMlp(), plan.DenseLayers);
            sum.Add(operators.ExpertMlp(), plan.ExpertLayers);
            if (plan.IsLast) sum.Add(operators.FinalNorm(), 1);
            else sum.Add([operators.StageTransfer()], 1);
            _dense[stage] = sum;
        }

        _head = new RowSum(clock, residuals, options.RememberedRows);
        _head.Add(operators.Head(), 1);
        _grouped = model.LatentAttention is null ? new(model, layout.Tensor, null, clock, options) : null;
        _attention = _grouped is null ? new LatentAttention(model, layout.Tensor, clock, options.Precision.Kv) : _grouped;
        _windowed = model.Window is null || _grouped is null ? null : new(model, layout.Tensor, model.Window, clock, options);
        _makeLayerRows = () => new(operators, clock, residuals, options.RememberedRows);
        _stack = new(model, layout, options.DistinctExperts ?? (model.Experts is { } experts ? tokens => clock.TouchedExperts(experts, tokens) : null));
        _overhead = EngineOverhead.Calibrated(options, layout.Tensor);
        NeedsSequences = model.LatentAttention is not null || model.Window is not null;
        Info = CalibrationNotes.Of(model, gpu, layout, clock, options, residuals);
    }

    /// <inheritdoc/>
    public CostModelInfo Info { get; }

    /// <inheritdoc/>
    public int PipelineStages => _stages.Length;

    /// <inheritdoc/>
    public bool NeedsSequences { get; }

    /// <summary>Windows cut every context; latent attention tells only chunks apart.</summary>
    public bool NeedsDecodes => _windowed is not null;

    /// <inheritdoc/>
    public int Layers => _stack.Layers;

    /// <inheritdoc/>
    public bool HasSublayers => true;

    /// <inheritdoc/>
    public double ExpertReads(in BatchShape shape, int sublayers = int.MaxValue) => _stack.ExpertReads(shape, sublayers);

    /// <inheritdoc/>
    public SimDuration TimeUntil(in BatchShape shape, int sublayers)
    {
        var total = SimDuration.Zero;
        for (var stage = 0; stage < _stages.Length; stage++) total += SimDuration.FromMicroseconds(BandedMicroseconds(shape, stage, sublayers, null));
        return total;
    }

    /// <inheritdoc/>
    public SimDuration IterationTime(in BatchShape shape)
    {
        if (_stages.Length == 1) return SimDuration.FromMicroseconds(StageMicroseconds(shape, 0));
        var total = SimDuration.Zero;
        for (var stage = 0; stage < _stages.Length; stage++) total += StageTime(shape, stage);
        return total;
    }

    /// <inheritdoc/>
    public void DecodeTimes(in BatchShape first, Span<SimDuration> times)
    {
        times.Clear();
        if (first.DecodeSequences == 0) return;
        for (var stage = 0; stage < _stages.Length; stage++) AddDecodeTimes(first, stage, times);
    }

    // The sums of StageMicroseconds in their order, so that they round alike.
    private void AddDecodeTimes(in BatchShape first, int stage, Span<SimDuration> times)
    {
        ref readonly var plan = ref _stages[stage];
        var sequences = first.DecodeSequences;
        var rowSums = _dense[stage].Microseconds(_overhead.Rows(sequences));
        if (plan.IsLast) rowSums += _head.Microseconds(sequences);
        var overhead = _overhead.OfDecodes(sequences, stage, plan.Layers);
        var done = plan.WindowedLayers == 0 && _grouped is not null && first.LongestDecodeContext > 0 && first.Sequences.IsEmpty
            ? AddSideBySide(first, rowSums, plan.GlobalLayers, overhead, _grouped.Slopes(sequences), times)
            : 0;
        if (done == times.Length) return;
        using var steps = new DecodeSteps(done > 0 ? first.DecodedFurther(done) : first, _windowed?.Window);
        foreach (ref var time in times[done..])
        {
            var microseconds = rowSums;
            if (plan.GlobalLayers > 0) microseconds += plan.GlobalLayers * _attention.DecodeMicroseconds(sequences, steps.Keys, steps.Longest);
            if (plan.WindowedLayers > 0) microseconds += plan.WindowedLayers * _windowed!.DecodeMicroseconds(sequences, steps.WindowedKeys, steps.WindowedLongest);
            time += SimDuration.FromMicroseconds(overhead.Microseconds(microseconds));
            steps.MoveNext();
        }
    }

    // As many iterations as fill whole vectors; sums of tokens are exact in a double.
    private static int AddSideBySide(in BatchShape first, double rowSums, double layers, DecodeOverhead overhead, DecodeSlopes attention, Span<SimDuration> times)
    {
        double sequences = first.DecodeSequences, lanes = Vector<double>.Count;
        var keys = Vector.CreateSequence(first.DecodeContextTokens + sequences, sequences);
        var longest = Vector.CreateSequence(first.LongestDecodeContext + 1.0, 1);
        var vectors = MemoryMarshal.Cast<SimDuration, Vector<long>>(times);
        foreach (ref var nanoseconds in vectors)
        {
            var kernels = new Vector<double>(rowSums) + (layers * attention.Microseconds(keys, longest));
            nanoseconds += SimDuration.FromMicroseconds(overhead.Microseconds(kernels));
            keys += new Vector<double>(sequences * lanes);
            longest += new Vector<double>(lanes);
        }

        return vectors.Length * Vector<double>.Count;
    }

    /// <inheritdoc/>
    public SimDuration StageTime(in BatchShape shape, int stage) => SimDuration.FromMicroseconds(StageMicroseconds(shape, stage));

    /// <summary>Time of an iteration before it is rounded.</summary>
    public double IterationMicroseconds(in BatchShape shape)
    {
        double sum = 0;
        for (var stage = 0; stage < _stages.Length; stage++) sum += StageMicroseconds(shape, stage);
        return sum;
    }

    /// <inheritdoc/>
    public CostBreakdown Explain(in BatchShape shape)
    {
        var ledger = new CostLedger();
        for (var stage = 0; stage < _stages.Length && !shape.Slices.IsEmpty; stage++) BandedMicroseconds(shape, stage, 2 * Layers, ledger);
        for (var stage = 0; stage < _stages.Length && shape.Tokens > 0 && shape.Slices.IsEmpty; stage++)
        {
            ref readonly var plan = ref _stages[stage];
            var rows = _overhead.Rows(shape.Tokens);
            _dense[stage].Explain(rows, ledger);
            if (plan.GlobalLayers > 0) _attention.Microseconds(shape, plan.GlobalLayers, ledger);
            if (plan.WindowedLayers > 0) _windowed!.Microseconds(shape, plan.WindowedLayers, ledger);
            if (plan.IsLast) _head.Explain(shape.LogitRows, ledger);
            _overhead.StageMicroseconds(shape.SequenceCount, stage, _overhead.LaunchMicroseconds(shape, plan.Layers), KernelMicroseconds(shape, stage), ledger);
        }

        return new(ledger.Rows, IterationTime(shape));
    }

    /// <summary>
    /// Consecutive decode iterations of an unchanged batch, summed in closed form. <paramref name="cached"/> holds the tokens that
    /// each request has cached before the first of them.
    /// </summary>
    public DecodeRun Decodes(ReadOnlySpan<int> cached)
    {
        var sequences = cached.Length;
        var stages = new DecodeStage[sequences == 0 ? 0 : _stages.Length];
        for (var stage = 0; stage < stages.Length; stage++)
        {
            ref readonly var plan = ref _stages[stage];
            var kernels = _dense[stage].Microseconds(_overhead.Rows(sequences)) + (plan.IsLast ? _head.Microseconds(sequences) : 0);
            stages[stage] = new(kernels, plan.GlobalLayers, plan.WindowedLayers, _overhead.OfDecodes(sequences, stage, plan.Layers));
        }

        return new(stages, _attention.Slopes(sequences), _windowed?.Slopes(sequences) ?? default, cached, _windowed?.Window);
    }

    private double StageMicroseconds(in BatchShape shape, int stage)
    {
        if (!shape.Slices.IsEmpty) return BandedMicroseconds(shape, stage, 2 * Layers, null);
        if (shape.Tokens == 0) return 0;
        if (NeedsSequences && !shape.ListsMembers(NeedsDecodes))
            throw new ArgumentException("this model's attention needs every member of the batch (NeedsSequences)", nameof(shape));
        return _overhead.StageMicroseconds(shape.PrefillSequences + shape.DecodeSequences, stage,
            _overhead.LaunchMicroseconds(shape, _stages[stage].Layers), KernelMicroseconds(shape, stage), null);
    }

    private double KernelMicroseconds(in BatchShape shape, int stage)
    {
        ref readonly var plan = ref _stages[stage];
        var microseconds = _dense[stage].Microseconds(_overhead.Rows(shape.Tokens));
        if (plan.IsLast) microseconds += _head.Microseconds(shape.LogitRows);
        if (plan.GlobalLayers > 0)
            microseconds += plan.GlobalLayers * (_grouped is { } grouped ? grouped.Microseconds(shape, 0, null) : _attention.Microseconds(shape, 0, null));
        if (plan.WindowedLayers > 0) microseconds += plan.WindowedLayers * _windowed!.Microseconds(shape, 0, null);
        return microseconds;
    }

    /// <summary>A batch that changes inside the stage, or stops at a sublayer of the model: band by band.</summary>
    private double BandedMicroseconds(in BatchShape shape, int stage, int until, CostLedger? ledger)
    {
        var sequences = shape.SequenceCount;
        if (sequences == 0) return 0;
        if (NeedsSequences && !shape.ListsMembers(NeedsDecodes))
            throw new ArgumentException("this model's attention needs every member of the batch (NeedsSequences)", nameof(shape));
        ref readonly var plan = ref _stages[stage];
        var operators = _layerRows ??= _makeLayerRows();
        var (rows, isFirst, microseconds, launches) = (0, stage == 0, 0.0, 0.0);
        using var bands = new LayerBands(shape, plan.FirstSublayer, Math.Min(plan.EndSublayer, until));
        while (bands.MoveNext())
        {
            var band = bands.Shape;
            rows = _overhead.Rows(band.Tokens);
            if (isFirst) microseconds += operators.Embedding.Add(rows, 1, ledger);
            isFirst = false;
            if (rows == 0) continue;
            var layers = _stack.Count(bands.First, bands.End);
            microseconds += operators.Common.Add(rows, layers.Attentions, ledger);
            microseconds += operators.DenseMlp.Add(rows, layers.DenseMlps, ledger);
            microseconds += operators.ExpertMlp.Add(rows, layers.ExpertMlps, ledger);
            if (layers.GlobalAttentions > 0) microseconds += layers.GlobalAttentions * _attention.Microseconds(band, layers.GlobalAttentions, ledger);
            if (layers.WindowedAttentions > 0) microseconds += layers.WindowedAttentions * _windowed!.Microseconds(band, layers.WindowedAttentions, ledger);
            launches += _overhead.LaunchMicroseconds(band, layers.Layers);
        }

        if (until >= plan.EndSublayer)
        {
            microseconds += plan.IsLast
                ? operators.FinalNorm.Add(rows, 1, ledger) + _head.Add(shape.LogitRows, 1, ledger)
                : operators.Transfer.Add(rows, 1, ledger);
        }

        return _overhead.StageMicroseconds(sequences, stage, launches, microseconds, ledger);
    }
}
