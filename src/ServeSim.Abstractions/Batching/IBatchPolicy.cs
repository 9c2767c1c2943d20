namespace ServeSim.Abstractions;

/// <summary>Decides the next iteration of one instance; each instance has its own object.</summary>
public interface IBatchPolicy
{
    /// <summary>Rules of the engine that this policy belongs to, fixed for the run.</summary>
    EngineLimits Limits => EngineLimits.None;

    /// <summary>
    /// False if <see cref="OnIterationEnd"/>, when there is one, does not look at <see cref="IterationView.Entries"/>: then the
    /// fast executor need not list them, and they are incomplete.
    /// </summary>
    bool ReadsEntries => true;

    /// <summary>False if <see cref="OnIterationEnd"/> does nothing with the options at hand: then the fast executor need not call it.</summary>
    bool ObservesIterations => true;

    /// <summary>
    /// Fills the plan of the next iteration. Called when the instance has a free slot and something may have changed.
    /// The lists of the view do not change while the plan is filled.
    /// </summary>
    void Plan(in InstanceView view, BatchPlan plan);

    /// <summary>
    /// A request has arrived while an iteration runs that <see cref="BatchPlan.InterruptibleAt"/> opened to interruption: true ends
    /// it at its next boundary. The requests in it are in none of the view's lists. Not asked again once it is to end.
    /// </summary>
    bool ShouldInterrupt(in InstanceView view) => false;

    /// <summary>A request has joined this instance's waiting queue.</summary>
    void OnArrived(in RequestView request) { }

    /// <summary>A request of this instance has produced its last token; the view is valid during the call.</summary>
    void OnFinished(in RequestView request) { }

    /// <summary>The client of a request of this instance has given up; the request is gone after the call.</summary>
    void OnAborted(in RequestView request) { }

    /// <summary>A preemption of this policy's plan has been carried out.</summary>
    void OnPreempted(in RequestView request) { }

    /// <summary>An iteration of this instance has ended.</summary>
    void OnIterationEnd(in IterationView iteration) { }
}
