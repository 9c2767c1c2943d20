namespace ServeSim.Abstractions;

/// <summary>Where requests come from. Pulled by the engine; told of ended requests, so that follow-ups can be released.</summary>
public interface ITrafficSource
{
    /// <summary>Arrival of the next request that is known to come, or <see cref="SimTime.Never"/>. Never earlier than the last one taken.</summary>
    SimTime NextArrival { get; }

    /// <summary>Takes the request announced by <see cref="NextArrival"/>.</summary>
    RequestSpec Take();

    /// <summary>A request has ended (finished, refused or given up); <see cref="NextArrival"/> may become earlier, but not earlier than <paramref name="now"/>.</summary>
    void OnEnded(string? requestId, RequestState state, SimTime now) { }

    /// <summary>The same with all that is known of the request; the engine calls this one.</summary>
    void OnEnded(in RequestRecord request, RequestState state, SimTime now) => OnEnded(request.Id, state, now);

    /// <summary>Requests that can still come only after something else ends; counted as unfinished when a run stops.</summary>
    long Blocked => 0;
}
