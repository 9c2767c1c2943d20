using ServeSim.Abstractions;

namespace ServeSim.Reporting;

/// <summary>Passes every call to several observers, in the order given, without allocating.</summary>
public sealed class CompositeObserver(params ReadOnlySpan<IRunObserver> observers) : IRunObserver
{
    private readonly IRunObserver[] _observers = observers.ToArray();

    /// <inheritdoc/>
    public bool NeedsTimeOrder { get; } = AnyNeedsTimeOrder(observers);

    /// <inheritdoc/>
    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem)
    {
        foreach (var observer in _observers) observer.OnArrived(time, waitingRequests, requestsInSystem);
    }

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request)
    {
        foreach (var observer in _observers) observer.OnRequestEnded(request);
    }

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration)
    {
        foreach (var observer in _observers) observer.OnIteration(iteration);
    }

    /// <inheritdoc/>
    public void OnTokenGaps(SimDuration gap, long count)
    {
        foreach (var observer in _observers) observer.OnTokenGaps(gap, count);
    }

    /// <inheritdoc/>
    public void OnDecodeRun(in DecodeRun run)
    {
        foreach (var observer in _observers) observer.OnDecodeRun(run);
    }

    private static bool AnyNeedsTimeOrder(ReadOnlySpan<IRunObserver> observers)
    {
        foreach (var observer in observers)
            if (observer.NeedsTimeOrder) return true;
        return false;
    }
}
