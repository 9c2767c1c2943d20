using System.ComponentModel.DataAnnotations;
using System.Numerics;
using ServeSim.Abstractions;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="QuantileHistoryPredictor"/>.</summary>
/// <param name="Quantile">Which quantile of the lengths that are still possible.</param>
/// <param name="Capacity">Lengths remembered for each key.</param>
/// <param name="MinSamples">A key with fewer possible lengths gives way to a wider one.</param>
/// <param name="PriorTokens">The answer while no length is possible.</param>
/// <param name="UnderCoverage">Share of requests whose answer is the median instead: errs on purpose.</param>
/// <param name="Drift">Remembered lengths are the true ones times this: errs on purpose.</param>
public sealed record QuantileHistoryOptions(
    [Range(0.0, 1.0)] double Quantile = 0.95,
    [Range(1, int.MaxValue)] int Capacity = 4096,
    [Range(1, int.MaxValue)] int MinSamples = 30,
    [Range(1, int.MaxValue)] int PriorTokens = 4096,
    [Range(0.0, 1.0)] double UnderCoverage = 0,
    [Range(0.01, 100.0)] double Drift = 1);

/// <summary>
/// An upper quantile of what finished requests of the same tenant, model and prompt size have generated, among the lengths
/// above what this one has generated already: the bound refines as tokens come out.
/// </summary>
[Policy("quantile-history", "An upper quantile of finished outputs of the same kind that are longer than what is generated.",
    Paper = "stands for JITServe's quantile forest, NSDI 2026")]
public sealed class QuantileHistoryPredictor(QuantileHistoryOptions options, ClusterShape shape, RandomStream random) : ILengthPredictor
{
    private readonly Dictionary<Key, LengthWindow> _lengths = [];
    private readonly ulong _medians = random.NextUInt64();

    public int PredictOutputTokens(in RequestView request)
    {
        var generated = request.GeneratedTokens;
        var possible = Possible(request, generated);
        var quantile = RandomStream.Keyed(_medians, request.Number) < options.UnderCoverage ? 0.5 : options.Quantile;
        var bound = possible.IsEmpty ? options.PriorTokens : possible[Math.Max(0, (int)Math.Ceiling(quantile * possible.Length) - 1)];
        var most = request.MaxOutputTokens ?? shape.MaxContextTokens - request.InputTokens;
        return Math.Max(generated + 1, Math.Min(bound, most));
    }

    public void OnFinished(in RequestView request)
    {
        var length = (int)Math.Clamp(Math.Round(request.GeneratedTokens * options.Drift, MidpointRounding.ToEven), 1, int.MaxValue);
        for (var width = 0; width < Key.Widths; width++)
        {
            var key = Key.Of(request, width);
            if (!_lengths.TryGetValue(key, out var window)) _lengths.Add(key, window = new(options.Capacity));
            window.Add(length);
        }
    }

    /// <summary>Lengths above what is generated, of the narrowest key that has enough of them; of all requests if none has.</summary>
    private ReadOnlySpan<int> Possible(in RequestView request, int generated)
    {
        ReadOnlySpan<int> possible = [];
        for (var width = 0; width < Key.Widths; width++)
        {
            possible = _lengths.TryGetValue(Key.Of(request, width), out var window) ? window.Above(generated) : [];
            if (possible.Length >= options.MinSamples) break;
        }

        return possible;
    }

    /// <summary>What requests have in common; each width drops one thing.</summary>
    private readonly record struct Key(int Width, string? Tenant, string? Model, int PromptBits)
    {
        public const int Widths = 4;

        public static Key Of(in RequestView request, int width) => new(
            width,
            width < 2 ? request.Tenant : null,
            width < 3 ? request.Model : null,
            width < 1 ? BitOperations.Log2((uint)request.InputTokens) : 0);
    }
}
