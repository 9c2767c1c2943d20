using ServeSim.Abstractions;

namespace ServeSim.Experiments.Verification;

/// <summary>Keeps everything a run reports; memory grows with the run.</summary>
/// <param name="needsTimeOrder">False lets the fast executor report iterations of different instances out of order.</param>
public sealed class RecordingObserver(bool needsTimeOrder = true) : IRunObserver
{
    private List<(SimDuration Gap, long Count)> _gaps = [];

    /// <inheritdoc/>
    public bool NeedsTimeOrder => needsTimeOrder;

    /// <summary>Requests in the order of their ends.</summary>
    public List<RequestRecord> Requests { get; } = [];

    /// <summary>Iterations in the order of their ends.</summary>
    public List<IterationRecord> Iterations { get; } = [];

    /// <summary>Gaps between tokens, all requests together.</summary>
    public long GapCount { get; private set; }

    /// <summary>Their sum in nanoseconds.</summary>
    public Int128 GapSum { get; private set; }

    /// <summary>The gaps of each iteration, the shortest first.</summary>
    public List<(int Instance, SimTime End, string Gaps)> Gaps { get; } = [];

    /// <summary>Arrivals as they were reported.</summary>
    public List<(SimTime Time, int Waiting, int InSystem)> Arrivals { get; } = [];

    /// <inheritdoc/>
    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) => Arrivals.Add((time, waitingRequests, requestsInSystem));

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request) => Requests.Add(request);

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration)
    {
        Iterations.Add(iteration);
        var gaps = _gaps.GroupBy(g => g.Gap).OrderBy(g => g.Key).Select(g => $"{g.Sum(x => x.Count)} x {g.Key}");
        Gaps.Add((iteration.Instance, iteration.End, string.Join(", ", gaps)));
        _gaps = [];
    }

    /// <inheritdoc/>
    public void OnTokenGaps(SimDuration gap, long count)
    {
        GapCount += count;
        _gaps.Add((gap, count));
        GapSum += (Int128)gap.Nanoseconds * count;
    }
}
