using ServeSim.Abstractions;
using ServeSim.Policies.Batching;
using ServeSim.Policies.Prediction;

namespace ServeSim.Policies.Goodput;

/// <summary>
/// The requests of an instance as a frame sees them: what each needs and what that is worth, who is in the batch, and who comes
/// before whom. A request that joins during a frame is measured when it is first ranked.
/// </summary>
public sealed class FrameRanking(JitServeOptions options, ILengthPredictor predictor)
{
    private enum Turn : long { Running, Queue, Satisfied, Preempted }

    private readonly LengthBounds _bounds = new(predictor, options.RefreshTokens, SimDuration.FromMilliseconds(options.PredictionMilliseconds));
    private readonly GroupedMargin _gmax = new();
    private readonly RequestMap<Standing> _standings = new();
    private readonly HashSet<long> _chosen = [];
    private double _bestPriority;
    private double _longestWait;

    /// <summary>The time at which requests are looked at.</summary>
    public SimTime Now { get; set; }

    /// <summary>Frames so far.</summary>
    public long Frame { get; private set; }

    /// <summary>What the engine achieves.</summary>
    public FramePace Pace { get; } = new();

    /// <summary>A frame begins and nobody is ranked; returns the tokens that counted in the one before, and how long it was.</summary>
    public (double Earned, double Seconds) StartFrame(ReadOnlySpan<RequestView> requests)
    {
        Frame++;
        (_bestPriority, _longestWait) = (0, 0);
        return Pace.StartFrame(Now, requests);
    }

    /// <summary>What the request needs in this frame, and what that is worth.</summary>
    public void Measure(in RequestView request)
    {
        var bound = _bounds.Of(request, Now);
        var share = FrameShare.Of(FrameRequest.Of(request, bound, Now), Pace.TokenSeconds, options.FrameIterations * Pace.TokenSeconds,
            options.InputWeight, options.OutputWeight);
        if (options.Selection == JitSelection.ShortestFirst) share = share with { Priority = 1.0 / (bound - request.GeneratedTokens) };
        _standings[request] = new() { Frame = Frame, Share = share, GeneratedBefore = request.GeneratedTokens };
        _bestPriority = Math.Max(_bestPriority, share.Priority);
        _longestWait = Math.Max(_longestWait, Waited(request));
    }

    /// <summary>Chooses the batch of the frame among the requests that have been measured.</summary>
    public void Choose(ReadOnlySpan<RequestView> requests, int batchSize, double cutoff)
    {
        _gmax.Clear();
        foreach (var request in requests)
            if (_standings[request].Frame == Frame) _gmax.Add(new(request.Number, Priority(request), request.InputTokens));
        _chosen.Clear();
        foreach (ref readonly var one in _gmax.Select(batchSize, cutoff)) _chosen.Add(one.Id);
        foreach (var request in requests) _standings[request].IsChosen = _chosen.Contains(request.Number);
    }

    /// <summary>True if the request is in the batch of the frame.</summary>
    public bool IsChosen(in RequestView request) => _standings[request].IsChosen;

    /// <summary>Value that the request delivers in the frame.</summary>
    public double Gain(in RequestView request) => _standings[request].Share.Gain;

    /// <summary>Value that the engine could have delivered during a stall.</summary>
    public double Loss(SimDuration stall) => options.OutputWeight * stall.Seconds / Pace.TokenSeconds;

    /// <summary>True if the request has had the tokens of its frame, where that matters.</summary>
    public bool IsSatisfied(in RequestView request) => options.Mode == JitMode.Jit
        && request.GeneratedTokens - _standings[request].GeneratedBefore >= _standings[request].Share.Tokens;

    /// <summary>Decoding requests that have not had their share yet; they come before those that have.</summary>
    public int CountNeedy(ReadOnlySpan<RequestView> running)
    {
        var needy = 0;
        foreach (var request in running)
            if (!request.IsPrefilling && !IsSatisfied(request)) needy++;
        return needy;
    }

    /// <summary>The request has given way: it comes last until the frame ends.</summary>
    public void PutLast(in RequestView request) => _standings[request].PreemptedIn = Frame;

    /// <summary>Orders by turn, then the batch of the frame first, then by priority.</summary>
    public ReadOnlySpan<RequestView> Rank(RequestOrder order) => order.By(this, static (ranking, request) => ranking.Key(request));

    /// <summary>A request has finished.</summary>
    public void OnFinished(in RequestView request)
    {
        Pace.AddFinished(request);
        _bounds.OnFinished(request);
    }

    private long Key(in RequestView request)
    {
        if (_standings[request].Frame != Frame) Measure(request);
        ref readonly var standing = ref _standings[request];
        var turn = standing.PreemptedIn == Frame ? Turn.Preempted : request.State != RequestState.Running ? Turn.Queue : IsSatisfied(request) ? Turn.Satisfied : Turn.Running;
        var behind = long.MaxValue - BitConverter.DoubleToInt64Bits(Priority(request));
        return ((long)turn << 61) | (standing.IsChosen ? 0 : 1L << 60) | (behind >> 3);
    }

    /// <summary>Value per second, blended with the time waited where fairness asks for it.</summary>
    private double Priority(in RequestView request)
    {
        var priority = _standings[request].Share.Priority;
        return options.Fairness == 0 ? priority
            : ((1 - options.Fairness) * priority / Math.Max(double.Epsilon, _bestPriority)) + (options.Fairness * Waited(request) / Math.Max(double.Epsilon, _longestWait));
    }

    private double Waited(in RequestView request) => request.State == RequestState.Waiting ? (Now - request.QueuedAt).Seconds : 0;

    private struct Standing
    {
        public long Frame;
        public FrameShare Share;
        public int GeneratedBefore;
        public bool IsChosen;
        public long PreemptedIn;
    }
}
