using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>Options of <see cref="NoisyBoundPredictor"/>.</summary>
/// <param name="Quantile">Share of requests whose first answer is not below the truth.</param>
/// <param name="Spread">Standard deviation of the logarithm of the error before anything is generated.</param>
/// <param name="UnderCoverage">Share of requests whose answer is a median instead.</param>
public sealed record NoisyBoundOptions(
    [Range(0.001, 0.999)] double Quantile = 0.95, [Range(0.0, 5.0)] double Spread = 0.5, [Range(0.0, 1.0)] double UnderCoverage = 0);

/// <summary>The truth times exp(bias + spread left · z): an upper bound with a known coverage whose error shrinks as tokens come out.</summary>
[Policy("noisy-bound", "An upper bound around the truth with a given coverage, sharper as the request generates.", UsesOracle = true,
    Paper = "after JITServe's quantile forest, NSDI 2026")]
public sealed class NoisyBoundPredictor(NoisyBoundOptions options, IOracle oracle, RandomStream random) : ILengthPredictor
{
    private readonly ulong _errors = random.NextUInt64();
    private readonly ulong _medians = random.NextUInt64();
    private readonly double _bias = options.Spread * StandardNormal.Quantile(options.Quantile);
    private readonly RequestMap<(bool IsDrawn, double Z)> _drawn = new();

    public int PredictOutputTokens(in RequestView request)
    {
        ref var drawn = ref _drawn[request];
        if (!drawn.IsDrawn) drawn = (true, StandardNormal.Quantile(Math.Max(1e-12, RandomStream.Keyed(_errors, request.Number))));
        var truth = oracle.OutputTokens(request);
        var spread = options.Spread * Math.Max(0, 1 - (request.GeneratedTokens / (double)truth));
        var bias = RandomStream.Keyed(_medians, request.Number) < options.UnderCoverage ? 0 : _bias;
        var bound = Math.Round(truth * DetMath.Exp(bias + (spread * drawn.Z)), MidpointRounding.ToEven);
        return (int)Math.Clamp(bound, request.GeneratedTokens + 1.0, int.MaxValue);
    }
}
