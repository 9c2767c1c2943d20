using System.Numerics;

namespace ServeSim.Engine.Instances;

/// <summary>
/// The longest gap between two steps since any earlier piece of steps began. Pieces whose longest gap a later one reaches can never be
/// an answer again and are forgotten: what is kept falls from piece to piece.
/// </summary>
internal sealed class LongestGaps
{
    private (long FirstStep, long Longest)[] _pieces = new (long, long)[16];
    private int _count;

    /// <summary>Forgets all pieces.</summary>
    public void Clear() => _count = 0;

    /// <summary>Adds a piece of steps that ended at <paramref name="ends"/>; the step before the first ended at <paramref name="previous"/>.</summary>
    public void Add(long firstStep, long previous, ReadOnlySpan<long> ends)
    {
        var longest = Longest(previous, ends);
        while (_count > 0 && _pieces[_count - 1].Longest <= longest) firstStep = _pieces[--_count].FirstStep;
        if (_count == _pieces.Length) Array.Resize(ref _pieces, 2 * _count);
        _pieces[_count++] = (firstStep, longest);
    }

    /// <summary>Longest gap from <paramref name="step"/> on, at which a piece began and which has been followed by others.</summary>
    public long Since(long step)
    {
        var (low, high) = (0, _count - 1);    // the last piece that does not begin later
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_pieces[middle].FirstStep <= step) low = middle;
            else high = middle - 1;
        }

        return _pieces[low].Longest;
    }

    private static long Longest(long previous, ReadOnlySpan<long> ends)
    {
        var longest = ends[0] - previous;
        var next = 1;
        var lanes = new Vector<long>(longest);
        for (; next + Vector<long>.Count <= ends.Length; next += Vector<long>.Count)
            lanes = Vector.Max(lanes, new Vector<long>(ends[next..]) - new Vector<long>(ends[(next - 1)..]));
        for (var lane = 0; lane < Vector<long>.Count; lane++) longest = Math.Max(longest, lanes[lane]);
        for (; next < ends.Length; next++) longest = Math.Max(longest, ends[next] - ends[next - 1]);
        return longest;
    }
}
