using ServeSim.Abstractions;

namespace ServeSim.Conformance.Support;

/// <summary>Keeps everything a run reports, and measures it.</summary>
/// <param name="needsTimeOrder">False lets the fast executor report iterations of different instances out of order.</param>
internal sealed class RecordingObserver(bool needsTimeOrder = true) : IRunObserver
{
    private List<(SimDuration Gap, long Count)> _gaps = [];

    public bool NeedsTimeOrder => needsTimeOrder;
    public List<RequestRecord> Requests { get; } = [];
    public List<IterationRecord> Iterations { get; } = [];
    public long GapCount { get; private set; }
    public Int128 GapSum { get; private set; }

    /// <summary>The gaps of each iteration, the shortest first.</summary>
    public List<(int Instance, SimTime End, string Gaps)> Gaps { get; } = [];
    public List<(SimTime Time, int Waiting, int InSystem)> Arrivals { get; } = [];

    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) => Arrivals.Add((time, waitingRequests, requestsInSystem));

    public void OnRequestEnded(in RequestRecord request) => Requests.Add(request);

    public void OnIteration(in IterationRecord iteration)
    {
        Iterations.Add(iteration);
        var gaps = _gaps.GroupBy(g => g.Gap).OrderBy(g => g.Key).Select(g => $"{g.Sum(x => x.Count)} x {g.Key}");
        Gaps.Add((iteration.Instance, iteration.End, string.Join(", ", gaps)));
        _gaps = [];
    }

    public void OnTokenGaps(SimDuration gap, long count)
    {
        GapCount += count;
        _gaps.Add((gap, count));
        GapSum += (Int128)gap.Nanoseconds * count;
    }
}
