using System.Globalization;
using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>
/// Clients that each keep one request open: the next one comes when the last one has ended and the client has thought. How load testers
/// measure at fixed concurrency. A request that fails its limits, or whose client gave up, may be sent again; it counts as a new one.
/// </summary>
public sealed class ClosedLoopTrafficSource : ITrafficSource, IDisposable
{
    private readonly ClientLoad _load;
    private readonly IEnumerator<RequestSpec> _requests;
    private readonly Queue<Attempt> _due = new();
    private readonly Queue<Attempt> _again = new();
    private readonly Dictionary<long, Attempt> _open = [];
    private long _started;
    private long _taken;
    private bool _rowEnded;

    /// <summary>Clients that start together at time zero; lengths are asked once for each request, in order of arrival.</summary>
    public ClosedLoopTrafficSource(int clients, long requests, Func<long, (int Input, int Output)> lengths)
        : this(new ClientLoad(clients, requests), Endless(lengths))
    {
    }

    /// <summary>Clients that take their requests from a row, in its order; its arrival times do not matter.</summary>
    public ClosedLoopTrafficSource(ClientLoad load, IEnumerable<RequestSpec> requests)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(load.Clients, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(load.Attempts, 1);
        if (load.Requests is { } total) ArgumentOutOfRangeException.ThrowIfNegative(total);
        (_load, _requests) = (load, requests.GetEnumerator());
        for (var i = 0; i < load.Clients; i++) SendNext(SimTime.Zero);
    }

    /// <summary>Different requests sent so far.</summary>
    public long Started => _started;

    /// <summary>Requests sent again after they had failed.</summary>
    public long Retries { get; private set; }

    /// <summary>Requests that failed in their last attempt.</summary>
    public long Failed { get; private set; }

    /// <inheritdoc/>
    public SimTime NextArrival => _due.TryPeek(out var due) ? due.Spec.Arrival : SimTime.Never;

    /// <inheritdoc/>
    public long Blocked => !_rowEnded && _load.Duration is null && _load.Requests is { } total ? total - _started : 0;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Nothing is announced.</exception>
    public RequestSpec Take()
    {
        if (!_due.TryDequeue(out var next)) throw new InvalidOperationException("no request is announced; look at NextArrival first");
        _open.Add(_taken++, next);
        return next.Spec;
    }

    /// <summary>The client of the request is free again, and sends the next one or the same.</summary>
    public void OnEnded(in RequestRecord request, RequestState state, SimTime now)
    {
        _open.Remove(request.Number, out var sent);
        if (state == RequestState.Aborted || (state == RequestState.Finished && !request.MeetsSlo)) Fail(sent);
        SendNext(now + _load.ThinkTime);
    }

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();

    private void Fail(Attempt sent)
    {
        if (sent.Number < _load.Attempts) _again.Enqueue(sent with { Number = sent.Number + 1 });
        else if (_load.Attempts > 1) Failed++;
    }

    private void SendNext(SimTime time)
    {
        if (_load.Duration is { } duration && time >= SimTime.Zero + duration) return;
        if (_load.Retry == ClientRetry.AtOnce && TrySendAgain(time)) return;
        if (!_rowEnded && (_load.Requests is not { } total || _started < total) && !(_rowEnded = !_requests.MoveNext()))
        {
            _started++;
            _due.Enqueue(new(_requests.Current with { Arrival = time }, _started, 1));
            return;
        }

        TrySendAgain(time);
    }

    private bool TrySendAgain(SimTime time)
    {
        if (!_again.TryDequeue(out var failed)) return false;
        Retries++;
        var name = failed.Spec.Id?.Split('#')[0] ?? string.Create(CultureInfo.InvariantCulture, $"c{failed.Request}");
        _due.Enqueue(failed with { Spec = failed.Spec with { Arrival = time, Id = string.Create(CultureInfo.InvariantCulture, $"{name}#{failed.Number}") } });
        return true;
    }

    private static IEnumerable<RequestSpec> Endless(Func<long, (int Input, int Output)> lengths)
    {
        for (long number = 0; ; number++)
        {
            var (input, output) = lengths(number);
            yield return new RequestSpec { Arrival = SimTime.Zero, InputTokens = input, OutputTokens = output };
        }
    }

    private readonly record struct Attempt(RequestSpec Spec, long Request, int Number);
}
