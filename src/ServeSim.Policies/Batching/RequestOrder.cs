using ServeSim.Abstractions;

namespace ServeSim.Policies.Batching;

/// <summary>
/// A reusable ordered copy of request lists. Ties go by request number, so the order is the same on every machine;
/// a list that is already in order costs one pass.
/// </summary>
public sealed class RequestOrder
{
    private Keyed[] _sorted = [];
    private RequestView[] _requests = [];
    private int _count;

    /// <summary>The requests in order.</summary>
    public ReadOnlySpan<RequestView> Requests => _requests.AsSpan(0, _count);

    /// <summary>Starts again with the members of a list.</summary>
    public RequestOrder From(RequestList list)
    {
        _count = 0;
        return And(list);
    }

    /// <summary>Adds the members of another list behind.</summary>
    public RequestOrder And(RequestList list)
    {
        foreach (var request in list)
        {
            if (_count == _requests.Length)
            {
                Array.Resize(ref _requests, Math.Max(64, 2 * _count));
                Array.Resize(ref _sorted, _requests.Length);
            }

            _requests[_count++] = request;
        }

        return this;
    }

    /// <summary>Sorts by a key, smallest first.</summary>
    public ReadOnlySpan<RequestView> By(Func<RequestView, long> key) => By(key, static (key, request) => key(request));

    /// <summary>Sorts by a key that needs <paramref name="state"/>, smallest first; a static function allocates nothing.</summary>
    public ReadOnlySpan<RequestView> By<TState>(TState state, Func<TState, RequestView, long> key)
    {
        var isSorted = true;
        for (var i = 0; i < _count; i++)
        {
            _sorted[i] = new(key(state, _requests[i]), _requests[i].Number);
            isSorted &= i == 0 || _sorted[i - 1].CompareTo(_sorted[i]) <= 0;
        }

        if (!isSorted) _sorted.AsSpan(0, _count).Sort(_requests.AsSpan(0, _count));
        return Requests;
    }

    /// <summary>Sorts by arrival.</summary>
    public ReadOnlySpan<RequestView> ByArrival() => _count < 2 ? Requests : By(static request => request.Arrival.Nanoseconds);

    private readonly record struct Keyed(long Key, long Number) : IComparable<Keyed>
    {
        public int CompareTo(Keyed other) => Key != other.Key ? Key.CompareTo(other.Key) : Number.CompareTo(other.Number);
    }
}
