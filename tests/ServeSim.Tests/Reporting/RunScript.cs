using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Writers;

namespace ServeSim.Tests.Reporting;

/// <summary>Plays requests with given token times to an observer, in the order in which an engine would report them.</summary>
internal sealed class RunScript
{
    private readonly List<Request> _requests = [];

    public SloLimits Slo { get; init; } = SloLimits.None;

    /// <summary>The worked example of the metric definitions: A to E, D refused on arrival.</summary>
    public static RunScript WorkedExample() => new RunScript { Slo = new(Ttft: SimDuration.FromMilliseconds(450), Tpot: SimDuration.FromMilliseconds(200)) }
        .Add(0.0, 10, 0.50, 0.60, 0.75, 0.80)
        .Add(0.5, 20, 0.90)
        .Add(1.0, 30, 1.20, 1.30, 1.40)
        .Add(1.1, 40)
        .Add(1.4, 5, 1.90, 2.40);

    /// <summary>A request without token times is refused on arrival.</summary>
    public RunScript Add(double arrival, int inputTokens, params double[] tokens)
    {
        _requests.Add(new Request(SimTime.FromSeconds(arrival), inputTokens, [.. tokens.Select(SimTime.FromSeconds)]));
        return this;
    }

    public RunSummary Measure(MetricsOptions? options = null)
    {
        var metrics = new RunMetrics(options ?? new MetricsOptions());
        Play(metrics);
        return metrics.Summarize();
    }

    public void Play(IRunObserver observer)
    {
        var inSystem = 0;
        foreach (var time in _requests.SelectMany(r => r.Tokens.Append(r.Arrival)).Distinct().Order().ToList())
        {
            var emitting = _requests.Where(r => r.Tokens.Contains(time)).ToList();
            foreach (var request in emitting)
            {
                var index = request.Tokens.IndexOf(time);
                if (index > 0) observer.OnTokenGaps(time - request.Tokens[index - 1], 1);
            }

            if (emitting.Count > 0) observer.OnIteration(Iteration(time, emitting.Count));
            foreach (var request in emitting.Where(r => r.Tokens[^1] == time))
            {
                observer.OnRequestEnded(Record(request));
                inSystem--;
            }

            foreach (var request in _requests.Where(r => r.Arrival == time))
            {
                observer.OnArrived(time, 1, ++inSystem);
                if (request.Tokens.Count > 0) continue;
                observer.OnRequestEnded(Record(request));
                inSystem--;
            }
        }
    }

    public static IterationRecord Iteration(SimTime end, int decodes, int milliseconds = 50, int usedBlocks = 10, int instance = 0) => new()
    {
        Instance = instance,
        Start = new SimTime(Math.Max(0, end.Nanoseconds - (milliseconds * 1_000_000L))),
        End = end,
        PrefillTokens = 0,
        PrefillSequences = 0,
        DecodeSequences = decodes,
        EmittedTokens = decodes,
        UsedBlocks = usedBlocks,
        WaitingRequests = 0,
        Preemptions = 0,
        SwappedBytes = 0,
    };

    public static RunDescription Description(bool isPartial = false) => new()
    {
        Fingerprint = "0123456789abcdef",
        IsPartial = isPartial,
        Seed = 7,
        Model = "llama-3.1-8b",
        TotalBlocks = 100,
        BlockSize = 16,
        Policy = "sarathi",
        PolicyOptions = [new("tokenBudget", "512")],
        Router = "round-robin",
        CostModel = new CostModelInfo("linear", "a test", "none: synthetic", ["not a measurement"]),
        Trace = "worked example",
        Slo = "ttft=450ms,tpot=200ms",
    };

    private RequestRecord Record(Request request)
    {
        var gaps = request.Tokens.Zip(request.Tokens.Skip(1), (a, b) => b - a).ToList();
        var finished = request.Tokens.Count > 0;
        return new RequestRecord
        {
            Number = _requests.IndexOf(request),
            Id = null,
            Outcome = finished ? RequestOutcome.Finished : RequestOutcome.Rejected,
            Reason = finished ? null : "too long",
            Arrival = request.Arrival,
            InputTokens = request.InputTokens,
            OutputTokens = Math.Max(1, request.Tokens.Count),
            GeneratedTokens = request.Tokens.Count,
            Instance = finished ? 0 : -1,
            Scheduled = finished ? request.Tokens[0] : null,
            FirstToken = finished ? request.Tokens[0] : null,
            Finished = finished ? request.Tokens[^1] : null,
            MaxTbt = gaps.Count > 0 ? gaps.Max() : SimDuration.Zero,
            OnTimeTokens = request.Tokens.Where((time, i) => IsOnTime(request.Arrival, time, i)).Count(),
            Slo = Slo,
        };
    }

    private bool IsOnTime(SimTime arrival, SimTime token, int index) =>
        Slo.Ttft is not { } ttft || token <= arrival + ttft + ((Slo.Tbt ?? Slo.Tpot ?? SimDuration.Zero) * index);

    private sealed record Request(SimTime Arrival, int InputTokens, List<SimTime> Tokens);
}
