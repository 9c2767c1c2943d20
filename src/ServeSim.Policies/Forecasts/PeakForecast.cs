using System.Runtime.InteropServices;

namespace ServeSim.Policies.Forecasts;

/// <summary>
/// Largest future KV occupancy of a set of requests that each grow by one token an iteration and leave when done:
/// ordered by tokens left, longest first, the maximum over i of (held by the first i) + i · left of the i-th
/// (LightLLM's estimator; Past-Future, ASPLOS 2025).
/// </summary>
public sealed class PeakForecast
{
    private readonly List<Load> _byLeft = new(64);    // most tokens left first; equal ones in the order of adding

    /// <summary>Forgets all requests.</summary>
    public void Clear() => _byLeft.Clear();

    /// <summary>Adds a request that holds <paramref name="held"/> tokens and has <paramref name="left"/> to generate.</summary>
    public void Add(long held, long left)
    {
        int low = 0, high = _byLeft.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_byLeft[middle].Left >= left) low = middle + 1; else high = middle;
        }

        _byLeft.Insert(low, new(held, left));
    }

    /// <summary>The peak in tokens; 0 without requests.</summary>
    public long PeakTokens()
    {
        long held = 0, peak = 0;
        var rank = 0;
        foreach (ref readonly var load in CollectionsMarshal.AsSpan(_byLeft))
        {
            held += load.Held;
            peak = Math.Max(peak, held + (++rank * load.Left));
        }

        return peak;
    }

    private readonly record struct Load(long Held, long Left);
}
