namespace ServeSim.Abstractions;

/// <summary>Receives what happens in a run; metrics and result files are observers. It must not change anything.</summary>
public interface IRunObserver
{
    /// <summary>A request has arrived; <paramref name="waitingRequests"/> wait on all instances, itself included.</summary>
    void OnArrived(SimTime time, int waitingRequests, int requestsInSystem) { }

    /// <summary>A request has ended, in the order of ends; every arrived request ends exactly once.</summary>
    void OnRequestEnded(in RequestRecord request) { }

    /// <summary>An iteration has ended, in the order of ends.</summary>
    void OnIteration(in IterationRecord iteration) { }

    /// <summary><paramref name="count"/> gaps of this length between consecutive tokens of one request each.</summary>
    void OnTokenGaps(SimDuration gap, long count) { }
}
