using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Forecasts;

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
    private readonly LengthWindow _window = new(options.Window);

    public int PredictOutputTokens(in RequestView request)
    {
        var lengths = _window.Sorted;
        if (lengths.IsEmpty) return options.StartTokens;
        if (options.Quantile is not { } quantile) return (int)((_window.Sum + (lengths.Length / 2)) / lengths.Length);
        return lengths[Math.Clamp((int)Math.Ceiling(quantile * lengths.Length) - 1, 0, lengths.Length - 1)];
    }

    public void OnFinished(in RequestView request) => _window.Add(request.GeneratedTokens);
}
