using ServeSim.Abstractions;

namespace ServeSim.Experiments.Verification;

/// <summary>Keeps everything a run reports; memory grows with the run.</summary>
public sealed class RecordingObserver : IRunObserver
{
    /// <summary>Requests in the order of their ends.</summary>
    public List<RequestRecord> Requests { get; } = [];

    /// <summary>Iterations in the order of their ends.</summary>
    public List<IterationRecord> Iterations { get; } = [];

    /// <summary>Gaps between tokens, all requests together.</summary>
    public long GapCount { get; private set; }

    /// <summary>Their sum in nanoseconds.</summary>
    public Int128 GapSum { get; private set; }

    /// <summary>Gaps as they were reported.</summary>
    public List<(SimDuration Gap, long Count)> Gaps { get; } = [];

    /// <summary>Arrivals as they were reported.</summary>
    public List<(SimTime Time, int Waiting, int InSystem)> Arrivals { get; } = [];

    /// <inheritdoc/>
    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) => Arrivals.Add((time, waitingRequests, requestsInSystem));

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request) => Requests.Add(request);

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration) => Iterations.Add(iteration);

    /// <inheritdoc/>
    public void OnTokenGaps(SimDuration gap, long count)
    {
        GapCount += count;
        Gaps.Add((gap, count));
        GapSum += (Int128)gap.Nanoseconds * count;
    }
}
