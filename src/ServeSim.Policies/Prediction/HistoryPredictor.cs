using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="HistoryPredictor"/>.</summary>
/// <param name="Window">Finished requests that are remembered.</param>
/// <param name="Quantile">Quantile of their lengths, 0 to 1; null is the mean.</param>
/// <param name="StartTokens">The answer before anything has finished.</param>
public sealed record HistoryPredictorOptions([Range(1, int.MaxValue)] int Window = 1000, [Range(0.0, 1.0)] double? Quantile = null, [Range(1, int.MaxValue)] int StartTokens = 256);

/// <summary>Expects of everybody what lately finished requests have shown.</summary>
[Policy("history", "Mean or quantile of the outputs of lately finished requests.")]
public sealed class HistoryPredictor(HistoryPredictorOptions options) : ILengthPredictor
{
    private readonly int[] _recent = new int[Math.Max(1, options.Window)];      // a ring
    private readonly int[] _sorted = new int[Math.Max(1, options.Window)];
    private long _finished;
    private long _sum;

    public int PredictOutputTokens(in RequestView request)
    {
        var count = Count;
        if (count == 0) return Math.Max(1, options.StartTokens);
        if (options.Quantile is not { } quantile) return (int)((_sum + (count / 2)) / count);
        return _sorted[Math.Clamp((int)Math.Ceiling(quantile * count) - 1, 0, count - 1)];
    }

    public void OnFinished(in RequestView request)
    {
        var count = Count;
        ref var slot = ref _recent[_finished % _recent.Length];
        if (count == _recent.Length)
        {
            var leaving = Array.BinarySearch(_sorted, 0, count, slot);
            Array.Copy(_sorted, leaving + 1, _sorted, leaving, --count - leaving);
            _sum -= slot;
        }

        slot = request.GeneratedTokens;
        var place = Array.BinarySearch(_sorted, 0, count, slot);
        if (place < 0) place = ~place;
        Array.Copy(_sorted, place, _sorted, place + 1, count - place);
        _sorted[place] = slot;
        _sum += slot;
        _finished++;
    }

    private int Count => (int)Math.Min(_finished, _recent.Length);
}
