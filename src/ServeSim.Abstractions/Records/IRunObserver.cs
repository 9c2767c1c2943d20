namespace ServeSim.Abstractions;

/// <summary>Receives what happens in a run; metrics and result files are observers. It must not change anything.</summary>
public interface IRunObserver
{
    /// <summary>
    /// Longest simulated time that an iteration may be reported late where <see cref="NeedsTimeOrder"/> is false. Iterations that
    /// last longer themselves are never late.
    /// </summary>
    static readonly SimDuration MostLag = new(64_000_000_000);

    /// <summary>
    /// True if iterations and token gaps must come in the order of time over all instances. False if those of each instance
    /// in order suffice: the fast executor then need not stop every instance for every event, and reports them late.
    /// Arrivals and ends of requests always come in order.
    /// </summary>
    bool NeedsTimeOrder => true;

    /// <summary>A request has arrived; <paramref name="waitingRequests"/> wait on all instances, itself included.</summary>
    void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) { }

    /// <summary>A request has ended, in the order of ends; every arrived request ends exactly once.</summary>
    void OnRequestEnded(in RequestRecord request) { }

    /// <summary>An iteration has ended, in the order of ends.</summary>
    void OnIteration(in IterationRecord iteration) { }

    /// <summary><paramref name="count"/> gaps of this length between consecutive tokens of one request each.</summary>
    void OnTokenGaps(SimDuration gap, long count) { }

    /// <summary>Several iterations in which the same requests decoded: the same as a pair of calls for each of them.</summary>
    void OnDecodeRun(in DecodeRun run)
    {
        for (var i = 0; i < run.Count; i++)
        {
            OnTokenGaps(run.Gap(i), run.Sequences);
            OnIteration(run[i]);
        }
    }
}
