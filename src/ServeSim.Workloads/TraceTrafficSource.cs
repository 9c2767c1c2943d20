using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>
/// Feeds a trace to the engine. A request that waits for others comes when all of them have ended, at the later of
/// its recorded time and the end plus its delay; a refused parent releases its children too. Where there is a second
/// processor, long traces are read on a thread of their own (<see cref="RequestFeed"/>).
/// </summary>
public sealed class TraceTrafficSource : ITrafficSource, IDisposable
{
    /// <summary>A parent may stand this many records from its child.</summary>
    public const int DependencyWindow = 1_000_000;

    /// <summary>
    /// Records read ahead where requests can wait for others: a child without recorded time may become due long
    /// before the clock reaches the records around it.
    /// </summary>
    public const int LookAhead = 65_536;

    private readonly RequestFeed _feed;
    private readonly string _name;
    private readonly int _lookAhead;
    private readonly DependencyTable? _dependencies;
    private readonly Queue<(RequestSpec Spec, long Number)> _roots = new();
    private readonly PriorityQueue<RequestSpec, (long Time, long Number)> _released = new();
    private bool _ended;
    private SimTime _now;

    /// <summary>Takes over a trace; it is closed with the source. Records without arrival must wait for others.</summary>
    /// <exception cref="InputException">The first records are bad.</exception>
    public TraceTrafficSource(ITraceSource trace, string name = "trace")
    {
        _feed = new RequestFeed(trace, Environment.ProcessorCount > 1 ? RequestFeed.RecordsBeforeThread : int.MaxValue);
        _name = name;
        _dependencies = trace.MayHaveDependencies ? new DependencyTable(DependencyWindow) : null;
        _lookAhead = trace.MayHaveDependencies ? LookAhead : 1;
        Fill();
    }

    /// <summary>Records taken from the trace so far, look-ahead included.</summary>
    public long RecordsRead { get; private set; }

    /// <summary>What the records taken so far say that a run does not model.</summary>
    public UnmodelledTraits Unmodelled { get; } = new();

    /// <summary>Requests that were refused while others waited for them.</summary>
    public long RejectedParents { get; private set; }

    /// <summary>Requests that were due before the clock had reached their line; they came at once.</summary>
    public long LateReleases { get; private set; }

    /// <summary>The trace's warnings.</summary>
    public IReadOnlyList<string> Warnings => _feed.Warnings;

    /// <summary>Records left out so far, by reason.</summary>
    public IReadOnlyDictionary<string, long> Dropped => _feed.Counts.Dropped;

    /// <summary>Records changed so far, by reason.</summary>
    public IReadOnlyDictionary<string, long> Changed => _feed.Counts.Changed;

    /// <inheritdoc/>
    public SimTime NextArrival
    {
        get
        {
            var root = _roots.TryPeek(out var next) ? next.Spec.Arrival : SimTime.Never;
            return _released.TryPeek(out _, out var key) && key.Time < root.Nanoseconds ? new SimTime(key.Time) : root;
        }
    }

    /// <inheritdoc/>
    public long Blocked => _dependencies?.Blocked ?? 0;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Nothing is announced.</exception>
    /// <exception cref="InputException">The trace is bad further on.</exception>
    public RequestSpec Take()
    {
        var hasRoot = _roots.TryPeek(out var root);
        if (_released.TryPeek(out var child, out var key) && (!hasRoot || (key.Time, key.Number).CompareTo((root.Spec.Arrival.Nanoseconds, root.Number)) < 0))
        {
            _released.Dequeue();
            _now = child.Arrival;
            Fill();
            return child;
        }

        if (!hasRoot) throw new InvalidOperationException("no request is announced; look at NextArrival first");
        _roots.Dequeue();
        _now = root.Spec.Arrival;
        Fill();
        return root.Spec;
    }

    /// <inheritdoc/>
    public void OnEnded(string? requestId, RequestState state, SimTime now)
    {
        _now = now > _now ? now : _now;
        if (requestId is null || _dependencies is null) return;
        var released = false;
        foreach (var child in _dependencies.End(requestId, now))
        {
            Release(child.Spec, child.Start, child.Number);
            released = true;
        }

        if (released && state == RequestState.Rejected) RejectedParents++;
    }

    /// <inheritdoc/>
    public void Dispose() => _feed.Dispose();

    private void Fill()
    {
        while (!_ended && _roots.Count < _lookAhead && (_roots.Count == 0 || Blocked < DependencyWindow))
        {
            if (!_feed.TryTake(out var next))
            {
                _ended = true;
                _dependencies?.CheckComplete(_name);
                break;
            }

            RecordsRead++;
            Unmodelled.Count(next.Traits);
            if (_dependencies is null || next.Record is not { } record) _roots.Enqueue((next.Spec, RecordsRead));
            else if (_dependencies.TryHold(record, next.Spec, RecordsRead, out var ready)) continue;
            else if (record.WaitFor is null) _roots.Enqueue((next.Spec, RecordsRead));
            else Release(next.Spec, ready, RecordsRead);
        }
    }

    private void Release(RequestSpec spec, SimTime start, long number)
    {
        if (start < _now)
        {
            LateReleases++;
            start = _now;
        }

        _released.Enqueue(spec with { Arrival = start }, (start.Nanoseconds, number));
    }
}
