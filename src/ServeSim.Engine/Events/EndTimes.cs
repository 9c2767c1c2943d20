using ServeSim.Abstractions;

namespace ServeSim.Engine.Events;

/// <summary>
/// When the oldest iteration of each instance ends: a tournament whose root is the earliest, the first instance of equals.
/// An end may be moved or taken back, which a queue of events does not allow.
/// </summary>
internal sealed class EndTimes(int instances)
{
    private readonly Tournament<SimTime> _ends = new(instances, SimTime.Never);

    /// <summary>The instance whose iteration ends first.</summary>
    public int Next => _ends.Winner;

    /// <summary>Its end, or <see cref="SimTime.Never"/>.</summary>
    public SimTime NextTime => _ends.Smallest;

    /// <summary>Sets the end of an instance's oldest iteration; never if none runs.</summary>
    public void Set(int instance, SimTime end) => _ends.Set(instance, end);
}
