using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>Requests from memory or a generator, in order of arrival.</summary>
public sealed class ListTrafficSource : ITrafficSource, IDisposable
{
    private readonly IEnumerator<RequestSpec> _requests;
    private bool _hasNext;

    /// <summary>Takes requests whose arrivals never decrease.</summary>
    public ListTrafficSource(IEnumerable<RequestSpec> requests)
    {
        _requests = requests.GetEnumerator();
        _hasNext = _requests.MoveNext();
    }

    /// <inheritdoc/>
    public SimTime NextArrival => _hasNext ? _requests.Current.Arrival : SimTime.Never;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Nothing is left, or arrivals decrease.</exception>
    public RequestSpec Take()
    {
        if (!_hasNext) throw new InvalidOperationException("no request is left; look at NextArrival first");
        var taken = _requests.Current;
        _hasNext = _requests.MoveNext();
        if (_hasNext && _requests.Current.Arrival < taken.Arrival)
            throw new InvalidOperationException($"arrival {_requests.Current.Arrival} s comes after {taken.Arrival} s; sort the list");
        return taken;
    }

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();
}
