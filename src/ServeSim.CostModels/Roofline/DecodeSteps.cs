using ServeSim.Abstractions;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>What attention reads in consecutive decode iterations of an unchanged batch: the sums that each one has, at a few additions a step.</summary>
internal ref struct DecodeSteps
{
    private readonly int _sequences;
    private readonly bool _hasWindow;
    private readonly double _knownLongest;    // of the first iteration; 0: the mean stands in
    private WindowedKeys _windowed;
    private long _context;
    private int _index;

    /// <summary>Starts at the first iteration.</summary>
    /// <exception cref="ArgumentException">There is a window and the members are not listed.</exception>
    public DecodeSteps(in BatchShape first, AttentionWindow? window)
    {
        (_sequences, _context) = (first.DecodeSequences, first.DecodeContextTokens);
        var members = first.Sequences;
        if (window is not null && members.Length != _sequences) throw new ArgumentException("this model's attention needs every member of the batch (NeedsSequences)", nameof(first));
        var longest = first.LongestDecodeContext;
        foreach (ref readonly var member in members) longest = Math.Max(longest, member.CachedTokens);
        _knownLongest = longest > 0 || !members.IsEmpty ? longest + 1 : 0;
        if (window is null) return;
        _hasWindow = true;
        _windowed = new(members, window);
    }

    /// <summary>Keys that a layer with full attention reads.</summary>
    public readonly double Keys => _context + _sequences;

    /// <summary>Most keys that one decode reads there.</summary>
    public readonly double Longest => _knownLongest > 0 ? _knownLongest + _index : ((double)_context / _sequences) + 1;

    /// <summary>Keys that a layer with a window reads.</summary>
    public readonly double WindowedKeys => _windowed.Keys;

    /// <summary>Most keys that one decode reads there.</summary>
    public readonly double WindowedLongest => _windowed.Longest;

    /// <summary>Goes to the next iteration.</summary>
    public void MoveNext()
    {
        _index++;
        _context += _sequences;
        if (_hasWindow) _windowed.MoveNext();
    }

    public readonly void Dispose()
    {
        if (_hasWindow) _windowed.Dispose();
    }
}
