using System.Buffers;
using ServeSim.Abstractions;
using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Keys that the decodes of an unchanged batch read in a layer with a window, iteration after iteration: they are sorted once, and
/// a step costs only those that reach the end of their window or chunk. Exact: whole numbers.
/// </summary>
internal ref struct WindowedKeys
{
    private readonly int[] _held;    // keys read in the first iteration, rising
    private readonly int _count;
    private readonly int _window;
    private readonly bool _restarts;
    private long _shift;             // what is added to _held[_next]
    private int _next;               // the one that reaches the end next; -1: nobody grows any more
    private long _keys;

    public WindowedKeys(ReadOnlySpan<SequenceSpan> decodes, AttentionWindow window)
    {
        (_count, _window, _restarts) = (decodes.Length, window.Tokens, window.Kind == WindowKind.Chunked);
        _held = ArrayPool<int>.Shared.Rent(_count);
        for (var i = 0; i < _count; i++)
        {
            var cached = decodes[i].CachedTokens;
            _keys += _held[i] = _restarts ? (cached % _window) + 1 : Math.Min(cached + 1, _window);
        }

        _held.AsSpan(0, _count).Sort();
        _next = _count - 1;
        if (!_restarts) SkipFull();
    }

    /// <summary>Keys that all read.</summary>
    public readonly double Keys => _keys;

    /// <summary>Most keys that one reads.</summary>
    public readonly double Longest => _restarts ? _held[_next] + _shift : Math.Min(_held[_count - 1] + _shift, _window);

    /// <summary>Goes to the next iteration.</summary>
    public void MoveNext()
    {
        _shift++;
        if (!_restarts)
        {
            _keys += _next + 1;
            SkipFull();
            return;
        }

        _keys += _count;
        while (_held[_next] + _shift > _window)
        {
            _keys -= _window;
            if (--_next >= 0) continue;
            _next = _count - 1;
            _shift -= _window;
        }
    }

    public readonly void Dispose() => ArrayPool<int>.Shared.Return(_held);

    private void SkipFull()
    {
        while (_next >= 0 && _held[_next] + _shift >= _window) _next--;
    }
}
