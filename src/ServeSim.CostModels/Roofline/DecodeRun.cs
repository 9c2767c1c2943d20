using ServeSim.CostModels.Models;

namespace ServeSim.CostModels.Roofline;

/// <summary>
/// Consecutive decode iterations of an unchanged batch: iteration j attends to j tokens more per request than the first. Between a few
/// kinds of steps (a context outgrows its window or enters its next chunk, the longest outgrows a block of keys) the kernels of an
/// iteration are affine in j, so any number is summed in closed form. Where launches or a host beside the kernels set the least time
/// that an iteration takes, the sum is split where the kernels outgrow it.
/// </summary>
public sealed class DecodeRun
{
    private readonly DecodeStage[] _stages;
    private readonly DecodeSlopes _global;
    private readonly DecodeSlopes _inWindow;
    private readonly DecodeContexts? _windowed;
    private readonly bool _neverFalls;
    private readonly double _sequences;
    private readonly long _keys;
    private readonly int _longest;

    internal DecodeRun(DecodeStage[] stages, DecodeSlopes global, DecodeSlopes inWindow, ReadOnlySpan<int> cached, AttentionWindow? window)
    {
        (_stages, _global, _inWindow, _sequences) = (stages, global, inWindow, cached.Length);
        foreach (var c in cached)
        {
            _keys += c + 1L;
            _longest = Math.Max(_longest, c + 1);
        }

        _windowed = window is null || cached.IsEmpty ? null : new(cached, window);
        _neverFalls = window is not { Kind: WindowKind.Chunked };
    }

    /// <summary>Microseconds of iteration <paramref name="index"/>, counted from 0; 0 for an empty batch.</summary>
    public double Microseconds(int index)
    {
        double sum = 0;
        foreach (ref readonly var stage in _stages.AsSpan())
            sum += Math.Max(Kernels(stage, index), stage.Overhead.Least) + stage.Overhead.Added;
        return sum;
    }

    /// <summary>Microseconds of the first <paramref name="iterations"/> iterations; 0 for none.</summary>
    public double Sum(int iterations)
    {
        if (iterations <= 0) return 0;
        double sum = 0;
        foreach (ref readonly var stage in _stages.AsSpan())
            sum += KernelsAtLeast(stage, stage.Overhead.Least, iterations) + (iterations * stage.Overhead.Added);
        return sum;
    }

    /// <summary>Most iterations that end within so many microseconds, at most <paramref name="most"/>; 0 for an empty batch.</summary>
    public int Within(double microseconds, int most = int.MaxValue / 2)
    {
        if (_stages.Length == 0 || most <= 0) return 0;
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

    // Sum over j < k of max(kernels of iteration j, least).
    private double KernelsAtLeast(in DecodeStage stage, double least, int iterations)
    {
        var lowest = _neverFalls ? Kernels(stage, 0) : stage.Kernels + (stage.GlobalLayers * _global.Microseconds(_keys, _longest)) + (stage.WindowedLayers * _inWindow.Microseconds(_sequences, 1));
        if (lowest >= least) return KernelSum(stage, iterations);
        if (!_neverFalls)
        {
            // Chunks begin anew, so kernels may cross the least time often: one by one.
            double each = 0;
            for (var j = 0; j < iterations; j++) each += Math.Max(Kernels(stage, j), least);
            return each;
        }

        var (shorter, longer) = (0, iterations);    // kernels of the first `shorter` iterations do not reach it
        while (shorter < longer)
        {
            var middle = shorter + ((longer - shorter) / 2);
            if (Kernels(stage, middle) < least) shorter = middle + 1;
            else longer = middle;
        }

        return (shorter * least) + KernelSum(stage, iterations) - KernelSum(stage, shorter);
    }

    private double Kernels(in DecodeStage stage, int index)
    {
        var time = stage.Kernels;
        if (stage.GlobalLayers > 0) time += stage.GlobalLayers * _global.Microseconds(_keys + (_sequences * index), (double)_longest + index);
        if (stage.WindowedLayers > 0) time += stage.WindowedLayers * _inWindow.Microseconds(_windowed!.Keys(index), _windowed.Longest(index));
        return time;
    }

    private double KernelSum(in DecodeStage stage, int iterations)
    {
        double k = iterations, pairs = k * (k - 1) / 2;
        var time = k * stage.Kernels;
        if (stage.GlobalLayers > 0)
        {
            var beyond = k - Math.Clamp(_global.BlockTokens + 1 - _longest, 0, k);
            time += stage.GlobalLayers * _global.Sum(k, (k * _keys) + (_sequences * pairs), (k * _longest) + pairs, beyond);
        }

        if (stage.WindowedLayers == 0) return time;
        var (longest, split) = _windowed!.LongestSum(iterations, _inWindow.BlockTokens);
        return time + (stage.WindowedLayers * _inWindow.Sum(k, _windowed.KeySum(iterations), longest, split));
    }
}

/// <summary>A pipeline stage in a decode iteration.</summary>
/// <param name="Kernels">Microseconds of all but attention.</param>
/// <param name="GlobalLayers">Layers that see the whole context.</param>
/// <param name="WindowedLayers">Layers with a window.</param>
/// <param name="Overhead">Launches and host.</param>
internal readonly record struct DecodeStage(double Kernels, int GlobalLayers, int WindowedLayers, DecodeOverhead Overhead);
