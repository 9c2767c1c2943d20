using ServeSim.Abstractions;

namespace ServeSim.Conformance.Support;

/// <summary>Requests from a list.</summary>
internal sealed class ListSource(IReadOnlyList<RequestSpec> requests) : ITrafficSource
{
    private int _next;

    public SimTime NextArrival => _next < requests.Count ? requests[_next].Arrival : SimTime.Never;

    public RequestSpec Take() => requests[_next++];
}
