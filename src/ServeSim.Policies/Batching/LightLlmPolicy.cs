using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Policies.Batching;

/// <summary>When a waiting request may be admitted.</summary>
public enum LightLlmAdmission
{
    /// <summary>While the forecast peak of KV use stays below the capacity.</summary>
    PeakEstimate,

    /// <summary>While KV in use plus the prompt stays within a watermark.</summary>
    Aggressive,

    /// <summary>While prompts plus the longest possible outputs of all fit.</summary>
    Conservative,
}

/// <summary>Options of <see cref="LightLlmPolicy"/>.</summary>
/// <param name="Admission">Admission rule.</param>
/// <param name="MaxWaitingIterations">Decode iterations between two attempts to admit.</param>
/// <param name="MaxBatchedTokens">Prompt tokens of one iteration; a longer prompt runs alone.</param>
/// <param name="MaxSequences">Requests that may hold KV.</param>
/// <param name="Watermark">Share of the KV that the aggressive rule fills.</param>
/// <param name="MaxNewTokens">Output length that the conservative rule assumes for a client without a cap.</param>
/// <param name="Convention">Pairs of the peak estimate.</param>
/// <param name="LeastGuessTokens">Least output length that the fixed guess assumes.</param>
public sealed record LightLlmOptions(
    LightLlmAdmission Admission = LightLlmAdmission.PeakEstimate,
    [Range(0, int.MaxValue)] int MaxWaitingIterations = 10,
    [Range(1, int.MaxValue)] int MaxBatchedTokens = 4096,
    [Range(1, int.MaxValue)] int MaxSequences = 128,
    [Range(0.0, 1.0)] double Watermark = 0.99,
    [Range(1, int.MaxValue)] int MaxNewTokens = 4096,
    LoadConvention Convention = LoadConvention.Predicted,
    [Range(0, int.MaxValue)] int LeastGuessTokens = 1024);

/// <summary>LightLLM's scheduler: interval scheduling with one of three memory tests.</summary>
[Policy("lightllm", "Interval scheduling with a memory test at admission (peak estimate, aggressive or conservative).",
    Paper = "LightLLM; Gong et al., Past-Future, ASPLOS 2025")]
public sealed class LightLlmPolicy(LightLlmOptions options, ILengthPredictor predictor) : IntervalPolicy(new()
{
    Interval = options.MaxWaitingIterations, MaxPrefillTokens = options.MaxBatchedTokens, MaxSequences = options.MaxSequences,
})
{
    private readonly PeakForecast _forecast = new();
    private long _capacity;
    private long _used;
    private long _promised;

    public override void OnFinished(in RequestView request) => predictor.OnFinished(request);

    protected override void BeginRound(in InstanceView view, long capacity)
    {
        _forecast.Clear();
        (_capacity, _used, _promised) = (capacity, 0, 0);
        foreach (var request in view.Running)
        {
            _used += request.KnownTokens;
            _promised += Longest(request);
            if (options.Admission == LightLlmAdmission.PeakEstimate) AddToForecast(request);
        }
    }

    protected override bool Admits(in RequestView candidate)
    {
        if (!Fits(candidate)) return false;
        _used += candidate.RemainingPrefillTokens;
        _promised += Longest(candidate);
        return true;
    }

    private bool Fits(in RequestView candidate)
    {
        switch (options.Admission)
        {
            case LightLlmAdmission.Aggressive: return AggressivePolicy.Fits(AggressiveForm.StandAlone, _used, candidate.InputTokens, _capacity, options.Watermark);
            case LightLlmAdmission.Conservative: return _promised + Longest(candidate) <= _capacity;
            default:
                AddToForecast(candidate);
                return _forecast.PeakTokens() < _capacity;
        }
    }

    private void AddToForecast(in RequestView request)
    {
        var isGuess = options.Convention == LoadConvention.FixedGuess;    // which asks no predictor
        var (held, left) = RequestLoad.Of(options.Convention, request, isGuess ? 0 : predictor.PredictOutputTokens(request),
            request.MaxOutputTokens ?? (isGuess ? options.MaxNewTokens : int.MaxValue), options.LeastGuessTokens);
        _forecast.Add(held, left);
    }

    private long Longest(in RequestView request) => ConservativePolicy.Longest(request, options.MaxNewTokens);
}
