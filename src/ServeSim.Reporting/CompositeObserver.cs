using ServeSim.Abstractions;

namespace ServeSim.Reporting;

/// <summary>Passes every call to those of several observers that do something with it, in the order given, without allocating.</summary>
public sealed class CompositeObserver(params ReadOnlySpan<IRunObserver> observers) : IRunObserver
{
    private readonly IRunObserver[] _ofArrivals = Those(observers, nameof(IRunObserver.OnArrived));
    private readonly IRunObserver[] _ofEnds = Those(observers, nameof(IRunObserver.OnRequestEnded));
    private readonly IRunObserver[] _ofIterations = Those(observers, nameof(IRunObserver.OnIteration));
    private readonly IRunObserver[] _ofGaps = Those(observers, nameof(IRunObserver.OnTokenGaps));

    // What an observer leaves to the interface passes on to the other two.
    private readonly IRunObserver[] _ofRuns = Those(observers, nameof(IRunObserver.OnDecodeRun), nameof(IRunObserver.OnIteration), nameof(IRunObserver.OnTokenGaps));

    /// <inheritdoc/>
    public bool NeedsTimeOrder { get; } = AnyNeedsTimeOrder(observers);

    /// <inheritdoc/>
    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem)
    {
        foreach (var observer in _ofArrivals) observer.OnArrived(time, waitingRequests, requestsInSystem);
    }

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request)
    {
        foreach (var observer in _ofEnds) observer.OnRequestEnded(request);
    }

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration)
    {
        foreach (var observer in _ofIterations) observer.OnIteration(iteration);
    }

    /// <inheritdoc/>
    public void OnTokenGaps(SimDuration gap, long count)
    {
        foreach (var observer in _ofGaps) observer.OnTokenGaps(gap, count);
    }

    /// <inheritdoc/>
    public void OnDecodeRun(in DecodeRun run)
    {
        foreach (var observer in _ofRuns) observer.OnDecodeRun(run);
    }

    /// <summary>Observers with a method of their own by one of these names, which then does something.</summary>
    private static IRunObserver[] Those(ReadOnlySpan<IRunObserver> observers, params ReadOnlySpan<string> names)
    {
        var those = new List<IRunObserver>();
        foreach (var observer in observers)
        {
            var map = observer.GetType().GetInterfaceMap(typeof(IRunObserver));
            for (var i = 0; i < map.InterfaceMethods.Length; i++)
            {
                if (map.TargetMethods[i]?.DeclaringType == typeof(IRunObserver) || !names.Contains(map.InterfaceMethods[i].Name)) continue;
                those.Add(observer);
                break;
            }
        }

        return [.. those];
    }

    private static bool AnyNeedsTimeOrder(ReadOnlySpan<IRunObserver> observers)
    {
        foreach (var observer in observers)
            if (observer.NeedsTimeOrder) return true;
        return false;
    }
}
