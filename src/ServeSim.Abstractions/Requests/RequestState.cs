namespace ServeSim.Abstractions;

/// <summary>Where a request stands.</summary>
public enum RequestState : byte
{
    /// <summary>The row holds no request.</summary>
    None,

    /// <summary>In an instance's queue, without KV (a preempted one keeps its generated tokens).</summary>
    Waiting,

    /// <summary>Holds KV on the GPU, in prefill or decoding.</summary>
    Running,

    /// <summary>Its KV lies in host memory.</summary>
    Swapped,

    /// <summary>All tokens are out.</summary>
    Finished,

    /// <summary>Refused, with a reason.</summary>
    Rejected,

    /// <summary>Its client gave up.</summary>
    Aborted,
}
