namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Consecutive decode iterations of an unchanged batch: iteration j attends to j tokens more per request than the first. Each is
/// affine in j between two kinds of steps (a context outgrows its window; the longest outgrows one block of keys), so any number
/// is summed in closed form.
/// </summary>
public sealed class DecodeRun
{
    private readonly double _constant;
    private readonly double _perKey;
    private readonly double _perLongest;
    private readonly double _split;
    private readonly double _blockTokens;
    private readonly double _windowSplit;
    private readonly double _windowPerKey;
    private readonly double _windowPerLongest;
    private readonly long _window;
    private readonly int[] _keysPerRequest;
    private readonly long _keys;
    private readonly int _longest;

    internal DecodeRun(double constant, CalibratedAttention global, double globalLayers, CalibratedAttention? windowed, double windowedLayers,
        ReadOnlySpan<int> cached, long keys, int longest)
    {
        var (perKey, perLongest, split, block) = global.Slopes;
        (_keys, _longest, _blockTokens) = (keys, longest, block);
        (_perKey, _perLongest, _split) = (globalLayers * perKey, globalLayers * perLongest, globalLayers * split);
        _constant = cached.Length == 0 ? 0 : constant + ((globalLayers + windowedLayers) * global.DecodeFixed(cached.Length));
        _keysPerRequest = new int[cached.Length];
        for (var i = 0; i < cached.Length; i++) _keysPerRequest[i] = cached[i] + 1;
        if (windowed is null || windowedLayers == 0) return;
        _window = windowed.Window!.Tokens;
        if (windowed.Window.Kind != Models.WindowKind.Sliding) throw new NotSupportedException("decode runs know sliding windows, not chunks");
        (_windowPerKey, _windowPerLongest) = (windowedLayers * perKey, windowedLayers * perLongest);
        _windowSplit = _window > block ? windowedLayers * split : 0;
    }

    private int Sequences => _keysPerRequest.Length;

    /// <summary>Microseconds of iteration <paramref name="index"/>, counted from 0.</summary>
    public double Microseconds(int index)
    {
        if (Sequences == 0) return 0;
        double longest = _longest + index;
        var time = _constant + (_perKey * (_keys + ((double)Sequences * index))) + (_perLongest * longest) + (longest > _blockTokens ? _split + _windowSplit : 0);
        if (_window == 0) return time;
        double keys = 0;
        foreach (var held in _keysPerRequest) keys += Math.Min(held + (long)index, _window);
        return time + (_windowPerKey * keys) + (_windowPerLongest * Math.Min(longest, _window));
    }

    /// <summary>Microseconds of the first <paramref name="iterations"/> iterations.</summary>
    public double Sum(int iterations)
    {
        if (Sequences == 0 || iterations <= 0) return 0;
        double k = iterations, pairs = k * (k - 1) / 2;
        var longer = k - Math.Clamp(_blockTokens + 1 - _longest, 0, k);
        var sum = (k * _constant) + (_perKey * ((k * _keys) + (Sequences * pairs))) + (_perLongest * ((k * _longest) + pairs)) + (longer * (_split + _windowSplit));
        if (_window == 0) return sum;
        double keys = 0;
        foreach (var held in _keysPerRequest) keys += Windowed(held, k);
        return sum + (_windowPerKey * keys) + (_windowPerLongest * Windowed(_longest, k));
    }

    /// <summary>Most iterations that end within so many microseconds, at most <paramref name="most"/>.</summary>
    public int Within(double microseconds, int most = int.MaxValue / 2)
    {
        if (Sequences == 0 || microseconds < _constant) return 0;
        var (done, beyond) = (0, 1);
        while (beyond < most && Sum(beyond) <= microseconds) (done, beyond) = (beyond, (int)Math.Min(2L * beyond, most));
        if (Sum(beyond) <= microseconds) return beyond;
        while (beyond - done > 1)
        {
            var middle = done + ((beyond - done) / 2);
            if (Sum(middle) <= microseconds) done = middle;
            else beyond = middle;
        }

        return done;
    }

    // Sum over j < k of min(held + j, W).
    private double Windowed(double held, double k)
    {
        var growing = Math.Clamp(_window - held, 0, k);
        return (growing * held) + (growing * (growing - 1) / 2) + ((k - growing) * _window);
    }
}
