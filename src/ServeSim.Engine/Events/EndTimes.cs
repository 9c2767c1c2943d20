using ServeSim.Abstractions;

namespace ServeSim.Engine.Events;

/// <summary>
/// When the oldest iteration of each instance ends: a tournament whose root is the earliest, the first instance of equals.
/// An end may be moved or taken back, which a queue of events does not allow.
/// </summary>
internal sealed class EndTimes
{
    private readonly long[] _ends;
    private readonly int[] _winners;    // a binary tree; leaves are instances
    private readonly int _leaves = 1;

    public EndTimes(int instances)
    {
        while (_leaves < instances) _leaves *= 2;
        _ends = new long[_leaves];
        _winners = new int[2 * _leaves];
        Array.Fill(_ends, long.MaxValue);
        for (var leaf = 0; leaf < _leaves; leaf++) _winners[_leaves + leaf] = leaf;
        for (var node = _leaves - 1; node > 0; node--) _winners[node] = _winners[2 * node];
    }

    /// <summary>The instance whose iteration ends first.</summary>
    public int Next => _winners[1];

    /// <summary>Its end, or <see cref="SimTime.Never"/>.</summary>
    public SimTime NextTime => new(_ends[Next]);

    /// <summary>Sets the end of an instance's oldest iteration; never if none runs.</summary>
    public void Set(int instance, SimTime end)
    {
        _ends[instance] = end.Nanoseconds;
        for (var node = (_leaves + instance) / 2; node > 0; node /= 2)
        {
            var (left, right) = (_winners[2 * node], _winners[(2 * node) + 1]);
            _winners[node] = _ends[right] < _ends[left] ? right : left;
        }
    }
}
