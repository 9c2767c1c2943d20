using ServeSim.Abstractions;

namespace ServeSim.Workloads;

/// <summary>When a client sends a failed request again.</summary>
public enum ClientRetry
{
    /// <summary>Before any other request.</summary>
    AtOnce,

    /// <summary>After all other requests that wait to be sent (the benchmark clients of Past-Future).</summary>
    AtEnd,
}

/// <summary>How clients that each keep one request open behave.</summary>
/// <param name="Clients">Clients, at least 1; they start together.</param>
/// <param name="Requests">Different requests that are sent in all; null is as many as there are.</param>
/// <param name="Duration">Nothing is sent from this time on; null is never.</param>
/// <param name="ThinkTime">Pause between the end of one request and the next.</param>
/// <param name="Attempts">Times that a request is sent until it finishes within its limits; refused ones are not sent again.</param>
/// <param name="Retry">When it is sent again.</param>
public sealed record ClientLoad(
    int Clients, long? Requests = null, SimDuration? Duration = null, SimDuration ThinkTime = default, int Attempts = 1, ClientRetry Retry = ClientRetry.AtOnce);
