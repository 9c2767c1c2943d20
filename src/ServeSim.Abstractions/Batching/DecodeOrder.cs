namespace ServeSim.Abstractions;

/// <summary>The order in which a policy visits its running requests.</summary>
public enum DecodeOrder : byte
{
    /// <summary>As <see cref="InstanceView.Running"/> lists them; requests in prefill must all come behind.</summary>
    Running,

    /// <summary>By arrival; requests in prefill are passed over.</summary>
    Arrival,

    /// <summary>By a key of the policy's own; requests in prefill are passed over.</summary>
    Urgency,
}
