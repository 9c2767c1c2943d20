using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>
/// Clients that each keep one request open: the next one comes the moment the last one has ended, until a total is
/// reached. How load testers measure at fixed concurrency.
/// </summary>
public sealed class ClosedLoopTrafficSource : ITrafficSource
{
    private readonly Func<long, (int Input, int Output)> _lengths;
    private readonly long _total;
    private readonly Queue<SimTime> _due = new();
    private long _released;
    private long _taken;

    /// <summary>Clients that start together at time zero; lengths are asked once for each request, in order of arrival.</summary>
    public ClosedLoopTrafficSource(int clients, long requests, Func<long, (int Input, int Output)> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(requests);
        (_total, _lengths) = (requests, lengths);
        for (var i = 0; i < clients; i++) Release(SimTime.Zero);
    }

    /// <inheritdoc/>
    public SimTime NextArrival => _due.TryPeek(out var due) ? due : SimTime.Never;

    /// <inheritdoc/>
    public long Blocked => _total - _released;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Nothing is announced.</exception>
    public RequestSpec Take()
    {
        if (!_due.TryDequeue(out var arrival)) throw new InvalidOperationException("no request is announced; look at NextArrival first");
        var (input, output) = _lengths(_taken++);
        return new RequestSpec { Arrival = arrival, InputTokens = input, OutputTokens = output };
    }

    /// <summary>Whose request ended does not matter: a client is free again.</summary>
    public void OnEnded(string? requestId, RequestState state, SimTime now) => Release(now);

    private void Release(SimTime time)
    {
        if (_released == _total) return;
        _released++;
        _due.Enqueue(time);
    }
}
