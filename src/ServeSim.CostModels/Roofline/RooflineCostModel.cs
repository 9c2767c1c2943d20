using ServeSim.Abstractions;
using ServeSim.CostModels.Hardware;
using ServeSim.CostModels.Models;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Operator by operator: FLOPs and bytes divided by the rates of a clock (F0 ideal, F2 fitted), layer groups multiplied,
/// collectives and, for F2, the engine's overheads added. BF16.
/// </summary>
public sealed class RooflineCostModel : StagedCostModel
{
    private readonly StagePlan[] _stages;
    private readonly StageRows[] _stageRows;
    private readonly LayerStack _stack;
    private readonly RowTable _common;
    private readonly RowTable _denseMlp;
    private readonly RowTable _expertMlp;
    private readonly RowTable _finalNorm;
    private readonly RowTable _head;
    private readonly RowTable _transfer;
    private readonly AttentionKernel _attention;
    private readonly AttentionKernel? _windowedAttention;
    private readonly AttentionWindow? _window;
    private readonly EngineOverhead? _overhead;

    private RooflineCostModel(ModelSpec model, ParallelLayout layout, IKernelClock clock, CostOptions options, EngineOverhead? overhead, CostModelInfo info)
    {
        Info = info;
        var distinct = options.DistinctExperts ?? UniformExperts(model);
        var operators = new LayerOperators(model, layout, clock.Flavour, distinct);
        _stack = new(model, layout, distinct);
        _stages = StagePlan.Of(model, layout);
        _common = new(operators.Common(), clock);
        _denseMlp = new(operators.DenseMlp(), clock);
        _expertMlp = new(operators.ExpertMlp(), clock);
        _finalNorm = new(operators.FinalNorm(), clock);
        _head = new(operators.Head(), clock);
        _transfer = new([operators.StageTransfer()], clock);
        _stageRows = [.. _stages.Select(plan => new StageRows(plan, _common, _denseMlp, _expertMlp, plan.IsLast ? _finalNorm : _transfer))];
        _attention = model.LatentAttention is null
            ? new GroupedAttention(model, layout.Tensor, null, clock)
            : new LatentAttention(model, layout.Tensor, clock, options.Precision.Kv);
        _window = model.Window;
        _windowedAttention = model.Window is null ? null : new GroupedAttention(model, layout.Tensor, model.Window, clock);
        _overhead = overhead;
        NeedsSequences = model.LatentAttention is not null || model.Window is not null;
    }

    /// <inheritdoc/>
    public override CostModelInfo Info { get; }

    /// <inheritdoc/>
    public override int PipelineStages => _stages.Length;

    /// <inheritdoc/>
    public override bool NeedsSequences { get; }

    /// <summary>Windows cut every context; latent attention tells only chunks apart.</summary>
    public override bool NeedsDecodes => _windowedAttention is not null;

    /// <summary>F0: the data sheet as it stands.</summary>
    public static RooflineCostModel Ideal(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CostOptions options)
    {
        layout.Validate(model, gpu);
        var clock = new IdealClock(gpu, layout, LinkCatalog.Get(options.NetworkLink), options.Precision);
        return new(model, layout, clock, options, null, CostModelNotes.Ideal(model, gpu, layout, options.Precision));
    }

    /// <summary>F2: rates fitted to kernel timing tables.</summary>
    public static RooflineCostModel Fitted(ModelSpec model, AcceleratorSpec gpu, ParallelLayout layout, CostOptions options)
    {
        layout.Validate(model, gpu);
        var clock = new FittedClock(gpu, layout, LinkCatalog.Get(options.NetworkLink));
        return new(model, layout, clock, options, EngineOverhead.Fitted(options, layout.Tensor), CostModelNotes.Fitted(model, gpu, layout, clock, options));
    }

    private protected override LayerStack Stack => _stack;

    /// <inheritdoc/>
    public override SimDuration IterationTime(in BatchShape shape) => _stages.Length == 1 && shape.Slices.IsEmpty
        ? SimDuration.FromMicroseconds(WholeMicroseconds(shape, 0))
        : base.IterationTime(shape);

    /// <inheritdoc/>
    public override void DecodeTimes(in BatchShape first, Span<SimDuration> times)
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
        var rows = _stageRows[stage].Of(_overhead?.Rows(sequences) ?? sequences);
        var ends = rows.End + (plan.IsLast ? _head.Microseconds(sequences) : 0);
        var overhead = _overhead?.OfDecodes(sequences, stage, plan.Layers);
        using var steps = new DecodeSteps(first, _window);
        foreach (ref var time in times)
        {
            var microseconds = rows.Common;
            if (plan.GlobalLayers > 0) microseconds += plan.GlobalLayers * _attention.DecodeMicroseconds(sequences, steps.Keys, steps.Longest);
            if (plan.WindowedLayers > 0) microseconds += plan.WindowedLayers * _windowedAttention!.DecodeMicroseconds(sequences, steps.WindowedKeys, steps.WindowedLongest);
            microseconds = microseconds + rows.DenseMlp + rows.ExpertMlp + ends;
            time += SimDuration.FromMicroseconds(overhead?.Microseconds(microseconds) ?? microseconds);
            steps.MoveNext();
        }
    }

    private protected override double StageMicroseconds(in BatchShape shape, int stage, int until, CostLedger? ledger)
    {
        if (shape.Slices.IsEmpty && ledger is null && until >= 2 * _stack.Layers) return WholeMicroseconds(shape, stage);
        var sequences = shape.SequenceCount;
        if (sequences == 0) return 0;
        Require(shape);
        ref readonly var plan = ref _stages[stage];
        var (rows, microseconds, launches) = (0, 0.0, 0.0);
        var end = Math.Min(plan.EndSublayer, until);
        if (shape.Slices.IsEmpty) AddBand(shape, plan.FirstSublayer, end);
        else AddBands(shape, plan.FirstSublayer);

        if (until >= plan.EndSublayer)
        {
            microseconds += plan.IsLast
                ? Add(_finalNorm, rows, 1, ledger) + Add(_head, shape.LogitRows, 1, ledger)
                : Add(_transfer, rows, 1, ledger);
        }

        return _overhead?.StageMicroseconds(sequences, stage, launches, microseconds, ledger) ?? microseconds;

        void AddBands(in BatchShape whole, int first)
        {
            using var bands = new LayerBands(whole, first, end);
            while (bands.MoveNext()) AddBand(bands.Shape, bands.First, bands.End);
        }

        void AddBand(in BatchShape band, int first, int end)
        {
            if (first >= end) return;
            rows = _overhead?.Rows(band.Tokens) ?? band.Tokens;
            if (rows == 0) return;
            var layers = _stack.Count(first, end);
            microseconds += LayerMicroseconds(band, rows, layers, ledger);
            launches += _overhead?.LaunchMicroseconds(band, layers.Layers) ?? 0;
        }
    }

    /// <summary>All layers of a stage compute the same batch. The sums of the general form in their order, so that they round alike.</summary>
    private double WholeMicroseconds(in BatchShape shape, int stage)
    {
        var tokens = shape.Tokens;
        if (tokens == 0) return 0;
        Require(shape);
        ref readonly var plan = ref _stages[stage];
        ref readonly var rows = ref _stageRows[stage].Of(_overhead?.Rows(tokens) ?? tokens);
        var microseconds = rows.Common;
        if (plan.GlobalLayers > 0) microseconds += plan.GlobalLayers * AttentionMicroseconds(shape);
        if (plan.WindowedLayers > 0) microseconds += plan.WindowedLayers * _windowedAttention!.Microseconds(shape, 0, null);
        microseconds = microseconds + rows.DenseMlp + rows.ExpertMlp + (rows.End + (plan.IsLast ? _head.Microseconds(shape.LogitRows) : 0));
        return _overhead?.StageMicroseconds(shape.PrefillSequences + shape.DecodeSequences, stage, _overhead.LaunchMicroseconds(shape, plan.Layers), microseconds, null)
            ?? microseconds;
    }

    private double AttentionMicroseconds(in BatchShape shape) => shape.PrefillTokens == 0 && shape.Sequences.IsEmpty
        ? _attention.DecodeMicroseconds(shape.DecodeSequences, shape.DecodeContextTokens + shape.DecodeSequences, 0)
        : _attention.Microseconds(shape, 0, null);

    private void Require(in BatchShape shape)
    {
        if (NeedsSequences && !shape.ListsMembers(NeedsDecodes))
            throw new ArgumentException("this model's attention needs every member of the batch (NeedsSequences)", nameof(shape));
    }

    private double LayerMicroseconds(in BatchShape band, int rows, in LayerCounts layers, CostLedger? ledger)
    {
        var microseconds = Add(_common, rows, layers.Attentions, ledger);
        if (layers.GlobalAttentions > 0) microseconds += layers.GlobalAttentions * _attention.Microseconds(band, layers.GlobalAttentions, ledger);
        if (layers.WindowedAttentions > 0) microseconds += layers.WindowedAttentions * _windowedAttention!.Microseconds(band, layers.WindowedAttentions, ledger);
        microseconds += Add(_denseMlp, rows, layers.DenseMlps, ledger);
        return microseconds + Add(_expertMlp, rows, layers.ExpertMlps, ledger);
    }

    private static Func<int, double>? UniformExperts(ModelSpec model) => model.Experts is { Experts: var count, ActivePerToken: var active }
        ? tokens => ExpertCoverage.Uniform(count, active, tokens)
        : null;

    private static double Add(RowTable table, int rows, int times, CostLedger? ledger)
    {
        if (times == 0 || rows == 0) return 0;
        if (ledger is not null) table.Explain(rows, times, ledger);
        return times * table.Microseconds(rows);
    }
}
