namespace ServeSim.Abstractions;

/// <summary>What becomes of the KV of a preempted request.</summary>
public enum PreemptMode : byte
{
    /// <summary>Dropped; a later prefill computes prompt and generated tokens again.</summary>
    Recompute,

    /// <summary>
    /// Vidur's rule: dropped, and only what was processed so far is prefilled again; known tokens beyond that (the rest
    /// of a prompt cut off in mid-prefill) are then computed one by one like decodes.
    /// </summary>
    RecomputeProcessed,

    /// <summary>
    /// Dropped; a later prefill restores the KV that was there and yields no token, for the one that it would yield is known. It
    /// costs an iteration more than <see cref="Recompute"/>, as in simulators whose prefills emit nothing.
    /// </summary>
    RecomputeCached,

    /// <summary>Copied to host memory at the price of the host link, and back later.</summary>
    Swap,
}

/// <summary>Where a request that lost its KV queues again.</summary>
public enum QueueEnd : byte
{
    /// <summary>Before all waiting requests (vLLM, Sarathi, LightLLM).</summary>
    Front,

    /// <summary>Behind all waiting requests (SGLang).</summary>
    Back,
}
