using ServeSim.Abstractions;

namespace ServeSim.Conformance.Support;

/// <summary>Keeps everything a run reports.</summary>
internal sealed class RecordingObserver : IRunObserver
{
    public List<RequestRecord> Requests { get; } = [];
    public List<IterationRecord> Iterations { get; } = [];
    public long GapCount { get; private set; }
    public Int128 GapSum { get; private set; }
    public List<(SimDuration Gap, long Count)> Gaps { get; } = [];
    public List<(SimTime Time, int Waiting, int InSystem)> Arrivals { get; } = [];

    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) => Arrivals.Add((time, waitingRequests, requestsInSystem));

    public void OnRequestEnded(in RequestRecord request) => Requests.Add(request);

    public void OnIteration(in IterationRecord iteration) => Iterations.Add(iteration);

    public void OnTokenGaps(SimDuration gap, long count)
    {
        GapCount += count;
        Gaps.Add((gap, count));
        GapSum += (Int128)gap.Nanoseconds * count;
    }
}
