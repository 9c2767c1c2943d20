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

/// <summary>Which (held, left) pair the peak estimate takes for a request.</summary>
public enum LoadConvention
{
    /// <summary>The paper's server: what is predicted, less the token about to come.</summary>
    Predicted,

    /// <summary>LightLLM's main branch: a fixed guess of 1.1 times what is generated, at least 1024, and six tokens of slack.</summary>
    FixedGuess,
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

/// <summary>
/// Interval scheduling: prompts run alone, and only when nothing decodes or enough decode iterations have passed;
/// a running request grows token by token, and the newest is evicted when memory runs out.
/// </summary>
[Policy("lightllm", "Interval scheduling with a memory test at admission (peak estimate, aggressive or conservative).",
    Paper = "LightLLM; Gong et al., Past-Future, ASPLOS 2025")]
public sealed class LightLlmPolicy(LightLlmOptions options, ILengthPredictor predictor) : IBatchPolicy
{
    private const int GuessSlackTokens = 6;
    private const double GuessGrowth = 1.1;

    private readonly PeakForecast _forecast = new();
    private readonly RequestOrder _order = new();
    private int _decodeIterations;
    private long _used;
    private long _reserved;

    public void Plan(in InstanceView view, BatchPlan plan)
    {
        CountHeld(view.HeldIterations);
        if (view.Running.IsEmpty || _decodeIterations >= options.MaxWaitingIterations)
        {
            _decodeIterations = 0;
            Admit(view, plan);
            if (plan.SequenceCount > 0) return;
        }

        plan.DecodeAllPreemptingNewest(_order, view);
        if (plan.DecodeCount > 0) _decodeIterations++;
        plan.HoldFor(view.Waiting.IsEmpty ? int.MaxValue : 1 + Math.Max(0, options.MaxWaitingIterations - _decodeIterations));
    }

    /// <summary>Decode iterations for which nobody asked: the count starts again whenever it was reached with nobody waiting.</summary>
    private void CountHeld(int iterations)
    {
        if (iterations > 0) _decodeIterations = 1 + (int)((_decodeIterations - 1L + iterations) % Math.Max(1, options.MaxWaitingIterations));
    }

    public void OnFinished(in RequestView request) => predictor.OnFinished(request);

    private void Admit(in InstanceView view, BatchPlan plan)
    {
        Measure(view);
        foreach (var request in view.Waiting)
        {
            var prompt = request.RemainingPrefillTokens;
            if (plan.ResidentCount >= options.MaxSequences) break;
            if (plan.SequenceCount > 0 && plan.TokenCount + (long)prompt > options.MaxBatchedTokens) break;
            if (!Fits(request, view.CapacityTokens))
            {
                plan.RejectIfHopeless(view, request, "the admission rule refuses it even on an empty instance");
                break;
            }

            if (plan.TryPrefill(request, prompt) == 0) break;
            _used += prompt;
            _reserved += LongestOf(request);
        }
    }

    /// <summary>What the running requests hold and may come to hold.</summary>
    private void Measure(in InstanceView view)
    {
        _forecast.Clear();
        _used = _reserved = 0;
        foreach (var request in view.Running)
        {
            _used += request.KnownTokens;
            _reserved += LongestOf(request);
            if (options.Admission == LightLlmAdmission.PeakEstimate) AddToForecast(request, isWaiting: false);
        }
    }

    private bool Fits(in RequestView candidate, long capacity)
    {
        switch (options.Admission)
        {
            case LightLlmAdmission.Aggressive: return AdmitsAggressively(_used, candidate.InputTokens, capacity, options.Watermark);
            case LightLlmAdmission.Conservative: return _reserved + LongestOf(candidate) <= capacity;
            default:
                AddToForecast(candidate, isWaiting: true);
                return _forecast.PeakTokens() < capacity;
        }
    }

    private void AddToForecast(in RequestView request, bool isWaiting)
    {
        var (held, left) = options.Convention == LoadConvention.FixedGuess
            ? GuessedLoad(request.KnownTokens, request.ContextTokens, request.GeneratedTokens, request.MaxOutputTokens ?? options.MaxNewTokens, options.LeastGuessTokens, isBusy: false)
            : PredictedLoad(request.InputTokens, request.GeneratedTokens, predictor.PredictOutputTokens(request),
                request.MaxOutputTokens ?? int.MaxValue, isWaiting);
        _forecast.Add(held, left);
    }

    private long LongestOf(in RequestView request) => request.InputTokens + (long)(request.MaxOutputTokens ?? options.MaxNewTokens);

    /// <summary>The aggressive test; tokens that a preempted candidate has generated are not counted.</summary>
    internal static bool AdmitsAggressively(long used, int prompt, long capacity, double watermark) => !(used + prompt > watermark * capacity);

    /// <summary>The pair of the paper's server. A waiting request's prefill yields its first token at once.</summary>
    internal static (long Held, long Left) PredictedLoad(int input, int generated, int predicted, int cap, bool isWaiting)
    {
        var total = Math.Min(cap, Math.Max(generated, predicted));
        return isWaiting
            ? (input + generated + 1L, Math.Max(0, total - generated - 2L))
            : (input + (long)generated, Math.Max(0, total - generated - 1L));
    }

    /// <summary>The pair of the main branch; a busy instance assumes that every output reaches its cap.</summary>
    internal static (long Held, long Left) GuessedLoad(int known, int cached, int generated, int cap, int leastGuess, bool isBusy)
    {
        var total = isBusy ? cap : Math.Min(cap, Math.Max((int)(GuessGrowth * generated), leastGuess));
        return (Math.Max(known, cached) + 1L, Math.Max(0, total - generated - 1L) + GuessSlackTokens);
    }
}
