namespace ServeSim.Engine.Events;

/// <summary>The order of events inside one instant. When the instant is closed, every idle instance plans once.</summary>
public enum EventRank : byte
{
    /// <summary>A copy over a link has ended.</summary>
    TransferEnd,

    /// <summary>An iteration has ended.</summary>
    IterationEnd,

    /// <summary>A client looks whether to give up; <see cref="SimEvent.Target"/> is the row of its request.</summary>
    GiveUp,

    /// <summary>A request has reached the gateway.</summary>
    Arrival,

    /// <summary>A policy asked to plan again, or a pipeline's first stage is free.</summary>
    Wake,

    /// <summary>Load signals are polled.</summary>
    Control,
}
