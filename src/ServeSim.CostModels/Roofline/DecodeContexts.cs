using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Keys that the decodes of an unchanged batch read in a layer with a window, and the most that one of them reads: of any later
/// iteration, and summed over the first k in closed form (a window: context stops growing at its size; chunks: it begins anew). Sums
/// take one step a member, whatever k is.
/// </summary>
internal sealed class DecodeContexts
{
    private readonly int[] _held;    // keys read in the first iteration, rising
    private readonly long _window;
    private readonly bool _restarts;

    public DecodeContexts(ReadOnlySpan<int> cached, AttentionWindow window)
    {
        (_window, _restarts) = (window.Tokens, window.Kind == WindowKind.Chunked);
        _held = new int[cached.Length];
        for (var i = 0; i < cached.Length; i++) _held[i] = _restarts ? (cached[i] % window.Tokens) + 1 : Math.Min(cached[i] + 1, window.Tokens);
        Array.Sort(_held);
    }

    /// <summary>Keys of iteration <paramref name="index"/>.</summary>
    public double Keys(int index)
    {
        long keys = 0;
        foreach (var held in _held) keys += At(held, index);
        return keys;
    }

    /// <summary>Most keys of one member in iteration <paramref name="index"/>.</summary>
    public double Longest(int index)
    {
        if (!_restarts) return At(_held[^1], index);
        long longest = 0;
        foreach (var held in _held) longest = Math.Max(longest, At(held, index));
        return longest;
    }

    /// <summary>Keys of the first so many iterations.</summary>
    public double KeySum(int iterations)
    {
        double sum = 0;
        foreach (var held in _held)
            sum += _restarts ? Restarted(held - 1L + iterations) - Restarted(held - 1L) : Capped(held, iterations);
        return sum;
    }

    /// <summary>Sum of the longest of the first so many iterations, and how many of these exceed a block of keys.</summary>
    public (double Sum, double Beyond) LongestSum(int iterations, double block)
    {
        if (!_restarts)
        {
            var growing = Math.Clamp(_window - _held[^1], 0, iterations);
            var beyond = Exceeding(_held[^1], growing, block) + (_window > block ? iterations - growing : 0);
            return (Capped(_held[^1], iterations), beyond);
        }

        // After a window's worth of iterations everything repeats.
        var (cycles, rest) = Math.DivRem(iterations, _window);
        var part = Walk(rest, block);
        if (cycles == 0) return part;
        var whole = Walk(_window, block);
        return ((cycles * whole.Sum) + part.Sum, (cycles * whole.Beyond) + part.Beyond);
    }

    // One after the other, from the longest down, each member is the longest until it begins anew.
    private (double Sum, double Beyond) Walk(long iterations, double block)
    {
        var (sum, beyond, at, next, ended) = (0.0, 0.0, 0L, _held.Length - 1, 0L);
        while (at < iterations)
        {
            var until = Math.Min(iterations, _window + 1 - _held[next] + ended);
            if (until > at)
            {
                double count = until - at, first = _held[next] + at - ended;
                sum += (count * first) + (count * (count - 1) / 2);
                beyond += Exceeding(first, count, block);
                at = until;
            }

            if (--next >= 0) continue;
            (next, ended) = (_held.Length - 1, ended + _window);
        }

        return (sum, beyond);
    }

    // How many of first, first + 1, … (so many) exceed the block; a block is a whole number of keys or endless.
    private static double Exceeding(double first, double count, double block) => Math.Clamp(first + count - 1 - block, 0, count);

    private long At(long held, int index) => _restarts ? ((held - 1 + index) % _window) + 1 : Math.Min(held + index, _window);

    // Sum over j < k of min(held + j, W).
    private double Capped(double held, double k)
    {
        var growing = Math.Clamp(_window - held, 0, k);
        return (growing * held) + (growing * (growing - 1) / 2) + ((k - growing) * _window);
    }

    // Keys of the first n tokens of a sequence when attention restarts at every multiple of the chunk.
    private double Restarted(long n)
    {
        var (full, rest) = Math.DivRem(n, _window);
        return ((double)full * (_window * (_window + 1) / 2)) + (rest * (rest + 1) / 2);
    }
}
