using ServeSim.Abstractions;

namespace ServeSim.Policies.Prediction;

/// <summary>
/// A scheduler's current bounds on output lengths: a predictor is asked when its answer can be there, and again whenever so
/// many tokens have come out. Until the first answer is there a request counts as an average one of its class.
/// </summary>
/// <param name="predictor">Gives the bounds.</param>
/// <param name="refreshTokens">Tokens from one question to the next.</param>
/// <param name="latency">Time from a request's arrival to the first answer.</param>
public sealed class LengthBounds(ILengthPredictor predictor, int refreshTokens, SimDuration latency)
{
    private const long StartTokens = 256;    // before anything has finished

    private readonly RequestMap<(int Bound, long AskAgain)> _bounds = new();
    private readonly Dictionary<string, (long Tokens, long Requests)> _finished = new(StringComparer.Ordinal);

    /// <summary>Output tokens that the request is not expected to exceed; always more than it has generated.</summary>
    public int Of(in RequestView request, SimTime now)
    {
        var generated = request.GeneratedTokens;
        if (now < request.Arrival + latency) return Math.Max(generated + 1, ClassMean(request));
        ref var known = ref _bounds[request];
        if (generated >= known.AskAgain) known = (predictor.PredictOutputTokens(request), ((generated / refreshTokens) + 1L) * refreshTokens);
        return Math.Max(generated + 1, known.Bound);
    }

    /// <summary>A request has finished.</summary>
    public void OnFinished(in RequestView request)
    {
        predictor.OnFinished(request);
        var (tokens, requests) = _finished.GetValueOrDefault(Class(request));
        _finished[Class(request)] = (tokens + request.GeneratedTokens, requests + 1);
    }

    private int ClassMean(in RequestView request)
    {
        var (tokens, requests) = _finished.GetValueOrDefault(Class(request));
        return (int)(requests == 0 ? StartTokens : (tokens + (requests / 2)) / requests);
    }

    private static string Class(in RequestView request) => request.SloClass ?? "";
}
