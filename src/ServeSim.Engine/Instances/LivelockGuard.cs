namespace ServeSim.Engine.Instances;

/// <summary>
/// Counts plans that brought nobody further. Progress is a new token, a prefill that reaches a context never reached
/// before, or a refusal; a policy that evicts what it has just computed makes none (INV-8).
/// </summary>
internal struct LivelockGuard(long limit)
{
    private long _idlePlans;

    public void Progress() => _idlePlans = 0;

    /// <summary>Counts one plan; false when the limit is passed.</summary>
    public bool TryContinue() => ++_idlePlans <= limit;
}
