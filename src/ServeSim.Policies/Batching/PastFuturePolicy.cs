using System.ComponentModel.DataAnnotations;
using ServeSim.Abstractions;
using ServeSim.Policies.Forecasts;

namespace ServeSim.Policies.Batching;

/// <summary>The length that is drawn for a waiting request which was evicted after some tokens.</summary>
public enum RequeuedDraw
{
    /// <summary>A total, given what it has generated, as for a running request.</summary>
    Conditional,

    /// <summary>Any remembered total, as for a new request (the paper's server).</summary>
    Total,

    /// <summary>Any remembered total, taken for what is left (the paper's stand-alone simulator).</summary>
    Remaining,
}

/// <summary>Options of <see cref="PastFuturePolicy"/>.</summary>
/// <param name="Window">Finished requests that are remembered: the past.</param>
/// <param name="FillTokens">Output length that fills half of the window before anything has finished.</param>
/// <param name="Reserve">Share of the capacity that no forecast may touch.</param>
/// <param name="SampleBudget">Draws of a round over all running requests: this over their number, plus one, is the number of futures.</param>
/// <param name="MaxSamples">Most futures of a round.</param>
/// <param name="MaxNewTokens">Longest output of a client without a cap.</param>
/// <param name="LastKnot">When the longest output ends the distribution that is drawn from.</param>
/// <param name="Requeued">What is drawn for an evicted request.</param>
/// <param name="Loads">What a forecast takes for KV held and tokens left.</param>
public sealed record PastFutureOptions(
    [Range(1, 1_000_000)] int Window = 1000,
    [Range(1, int.MaxValue)] int FillTokens = 512,
    [Range(0.0, 1.0)] double Reserve = 0.03,
    [Range(0, int.MaxValue)] int SampleBudget = 200,
    [Range(1, 1000)] int MaxSamples = 5,
    [Range(1, int.MaxValue)] int MaxNewTokens = 4096,
    LastKnot LastKnot = LastKnot.Always,
    RequeuedDraw Requeued = RequeuedDraw.Conditional,
    LoadConvention Loads = LoadConvention.Exact) : IntervalOptions;

/// <summary>
/// Admits while the largest KV occupancy of all sampled futures stays below the capacity: output lengths are drawn from those of lately
/// finished requests, given what each request has generated.
/// </summary>
[Policy("past-future", "Admits while sampled futures peak below the KV capacity.", Paper = "Gong et al., Past-Future Scheduler, ASPLOS 2025")]
public sealed class PastFuturePolicy : IntervalPolicy
{
    private readonly PastFutureOptions _options;
    private readonly RandomStream _random;
    private readonly LengthWindow _past;
    private readonly PeakForecast[] _futures;
    private int _samples;
    private double _limit;
    private bool _isAlone;

    /// <summary>Half of the window starts as a guess.</summary>
    public PastFuturePolicy(PastFutureOptions options, RandomStream random) : base(options)
    {
        (_options, _random, _past) = (options, random, new(options.Window));
        _futures = [.. Enumerable.Range(0, options.MaxSamples).Select(_ => new PeakForecast())];
        for (var i = 0; i < Math.Max(1, options.Window / 2); i++) _past.Add(options.FillTokens);
    }

    public override void OnFinished(in RequestView request) => _past.Add(request.GeneratedTokens);

    protected override void BeginRound(in InstanceView view, long capacity)
    {
        _limit = capacity * (1 - _options.Reserve);
        _isAlone = view.Running.IsEmpty;
        _samples = Samples(view.Running.Count, _options.SampleBudget, _options.MaxSamples);
        foreach (var future in _futures.AsSpan(0, _samples))
        {
            future.Clear();
            foreach (var request in view.Running) Add(future, request, DrawLonger(request));
        }
    }

    /// <summary>A request alone on the instance need not pass the test: nothing that could leave would make room for it.</summary>
    protected override bool Admits(in RequestView candidate)
    {
        long peak = 0;
        foreach (var future in _futures.AsSpan(0, _samples))
        {
            Add(future, candidate, Draw(candidate));
            peak = Math.Max(peak, future.PeakTokens());
        }

        var isAlone = _isAlone;
        _isAlone = false;
        return isAlone || peak < _limit;
    }

    /// <summary>Futures of a round; an empty instance has but one.</summary>
    internal static int Samples(int running, int budget, int most) => running == 0 ? 1 : Math.Min(most, (budget / running) + 1);

    private void Add(PeakForecast future, in RequestView request, int total)
    {
        var (held, left) = RequestLoad.Of(_options.Loads, request, total, Longest(request));
        future.Add(held, left);
    }

    private int DrawLonger(in RequestView request) =>
        ConditionalLength.At(_past.Above(request.GeneratedTokens), request.GeneratedTokens, Longest(request), _options.LastKnot, _random.NextDouble());

    private int Draw(in RequestView candidate)
    {
        var generated = candidate.GeneratedTokens;
        if (generated > 0 && _options.Requeued == RequeuedDraw.Conditional) return DrawLonger(candidate);
        var drawn = _past.Sorted[_random.NextInt(_past.Count)];
        return generated > 0 && _options.Requeued == RequeuedDraw.Remaining ? generated + drawn - 1 : drawn;
    }

    private int Longest(in RequestView request) => request.MaxOutputTokens ?? _options.MaxNewTokens;
}
