using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>In which order waiting requests are looked at. Orders that need a prefix cache are not among them.</summary>
public enum SglangOrder
{
    /// <summary>As they queue; retracted ones at the end.</summary>
    Fcfs,

    /// <summary>Longest output cap first.</summary>
    Lof,

    /// <summary>Drawn anew every time.</summary>
    Random,
}

/// <summary>Options of <see cref="SglangPolicy"/>.</summary>
/// <param name="Order">Order of the waiting requests.</param>
/// <param name="MaxPrefillTokens">Prompt tokens of one iteration; a longer prompt runs alone.</param>
/// <param name="ChunkTokens">Largest chunk; 0 turns chunking off.</param>
/// <param name="MixedChunk">True lets the decodes ride along with a prefill batch.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="MaxNewTokens">Output cap of a client that sent none.</param>
/// <param name="ClipTokens">Largest remaining output that is reckoned with.</param>
/// <param name="Conservativeness">Scales the new-token ratio.</param>
/// <param name="StartRatio">Share of the remaining output that is kept free at first.</param>
/// <param name="MinRatioFactor">Least ratio, as a part of the first.</param>
/// <param name="DecaySteps">Decode iterations from the first to the least ratio.</param>
/// <param name="RetractLookahead">Tokens per request that the ratio allows for after a retraction.</param>
public sealed record SglangOptions(
    SglangOrder Order = SglangOrder.Fcfs,
    [Range(1, int.MaxValue)] int MaxPrefillTokens = 16384,
    [Range(1, int.MaxValue)] int ChunkTokens = 8192,
    bool MixedChunk = false,
    [Range(1, int.MaxValue)] int MaxSequences = 256,
    [Range(1, int.MaxValue)] int MaxNewTokens = 4096,
    [Range(1, int.MaxValue)] int ClipTokens = 4096,
    [Range(double.Epsilon, double.MaxValue)] double Conservativeness = 1,
    [Range(double.Epsilon, double.MaxValue)] double StartRatio = 0.7,
    [Range(0.0, 1.0)] double MinRatioFactor = 0.14,
    [Range(1, int.MaxValue)] int DecaySteps = 600,
    [Range(0, int.MaxValue)] int RetractLookahead = 20);

/// <summary>
/// Prefill first while the free KV covers the prompt, its output and a share of what the running requests may still
/// generate; that share falls while all goes well and is measured anew whenever decoding had to retract.
/// </summary>
[Policy("sglang", "Prefill first with an adaptive output reserve, chunked prefill and retraction.", Paper = "SGLang, NeurIPS 2024")]
public sealed class SglangPolicy(SglangOptions options, RandomStream random) : IBatchPolicy
{
    private readonly RequestOrder _order = new();
    private readonly double _minRatio = options.StartRatio * options.Conservativeness * options.MinRatioFactor;
    private double _ratio = options.StartRatio * options.Conservativeness;
    private bool _isFull;
    private bool _mayCut;
    private Budget _left;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        for (var i = 0; i < view.HeldIterations && _ratio != _minRatio; i++) LowerRatio();
        if (view.Running.IsEmpty) _isFull = false;
        if (!view.Prefilling.IsEmpty || (!_isFull && !view.Waiting.IsEmpty)) Prefill(view, plan);
        if (plan.SequenceCount > 0)
        {
            if (options.MixedChunk) plan.TryDecodeAll();
            return;
        }

        Decode(view, plan);
    }

    public void OnFinished(in RequestView request) => _isFull = false;

    private void Prefill(in InstanceView view, BatchPlan plan)
    {
        _left = Measure(view);
        var continued = 0;
        foreach (var request in view.Prefilling)
        {
            continued++;
            var piece = (int)Math.Min(_left.Chunk, Math.Max(0, _left.Total));
            var granted = plan.TryPrefill(request, piece);
            _left.Charge(granted, granted == request.RemainingPrefillTokens ? OutputOf(request) : 0);
            if (granted < request.RemainingPrefillTokens) return;    // at most one request is cut
        }

        _mayCut = continued == view.Prefilling.Count;    // or another one may be cut and in flight
        if (_isFull) return;
        if (options.Order == SglangOrder.Fcfs)
        {
            foreach (var request in view.Waiting)
                if (!TryAdmit(view, request, plan)) break;
        }
        else
        {
            _order.From(view.Waiting);
            var order = options.Order == SglangOrder.Lof
                ? _order.By(this, static (policy, request) => -policy.CapOf(request))
                : _order.By(random, static (random, _) => (long)(random.NextUInt64() >> 1));
            foreach (var request in order)
                if (!TryAdmit(view, request, plan)) break;
        }
    }

    /// <summary>Admits the whole prompt or a first chunk; false if nobody else may be looked at in this round.</summary>
    private bool TryAdmit(in InstanceView view, in RequestView request, BatchPlan plan)
    {
        if (plan.ResidentCount >= options.MaxSequences || _left.Input <= 0 || _left.Chunk <= 0 || _left.Total <= 0) return false;
        var prompt = view.BlocksFor(request.RemainingPrefillTokens) * (long)view.BlockSize;
        var output = Math.Min(OutputOf(request), Math.Max(0, view.CapacityTokens - prompt - 1));    // as the front end clips it
        if (prompt + output >= _left.Total)
        {
            _isFull = !plan.RejectIfHopeless(view, request, "prompt and output cap never fit the KV memory");
            return false;
        }

        if (prompt >= _left.Input && plan.PrefillTokenCount > 0) return false;
        if (prompt <= _left.Chunk)
        {
            if (plan.TryPrefill(request, int.MaxValue) == 0) return false;
            _left.Charge(prompt, output);
            return true;
        }

        if (!_mayCut) return false;
        var piece = _left.Chunk / view.BlockSize * view.BlockSize;
        plan.TryPrefill(request, (int)(piece > 0 || plan.PrefillTokenCount > 0 ? piece : _left.Chunk));
        return false;
    }

    private void Decode(in InstanceView view, BatchPlan plan)
    {
        if (plan.TryDecodeAll())
        {
            if (plan.DecodeCount > 0) LowerRatio();
            if (_isFull || view.Waiting.IsEmpty) plan.HoldUntilChange();    // otherwise a lower ratio may let somebody in
            return;
        }

        // Most output, shortest prompt first: the end loses least work for most room. A cut prompt is not retracted for a decode.
        var order = _order.From(view.Running).By(static request =>
            request.IsPrefilling ? long.MinValue : (-(long)request.GeneratedTokens << 32) + request.InputTokens);
        if (order.Length == 1 && view.Running.Count > 1) return;    // those in flight may free some
        var kept = order.Length;
        do plan.Preempt(order[--kept], end: QueueEnd.Back);
        while (!plan.TryDecodeAll() && kept > 0);

        _isFull = false;
        long generated = 0, caps = 0;
        foreach (var request in order[..kept])
        {
            generated += request.GeneratedTokens + options.RetractLookahead;
            caps += CapOf(request);
        }

        _ratio = Math.Min(1, generated / (caps + 1.0));
    }

    private void LowerRatio() =>
        _ratio = Math.Max(_ratio - ((options.StartRatio * options.Conservativeness) - _minRatio) / options.DecaySteps, _minRatio);

    private Budget Measure(in InstanceView view)
    {
        double reserved = 0;
        var decoding = 0;
        foreach (var request in view.Running)
        {
            if (request.IsPrefilling) continue;
            reserved += ReservedTokens(OutputOf(request), _ratio);
            decoding++;
        }

        var riding = options.MixedChunk ? decoding : 0;
        return new(view.FreeTokens - reserved - riding, options.MaxPrefillTokens - riding, (options.ChunkTokens > 0 ? options.ChunkTokens : int.MaxValue) - riding);
    }

    /// <summary>What is kept free for a running request's remaining output.</summary>
    internal static double ReservedTokens(long remainingOutput, double ratio) => remainingOutput * ratio;

    private long CapOf(in RequestView request) => request.MaxOutputTokens ?? options.MaxNewTokens;

    private long OutputOf(in RequestView request) => Math.Clamp(CapOf(request) - request.GeneratedTokens, 0, options.ClipTokens);

    /// <summary>What a prefill batch may still take: KV tokens, prompt tokens, and tokens of a chunk.</summary>
    private record struct Budget(double Total, long Input, long Chunk)
    {
        public void Charge(long prompt, long output) => (Total, Input, Chunk) = (Total - prompt - output, Input - prompt, Chunk - prompt);
    }
}
