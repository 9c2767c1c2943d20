using System.Runtime.InteropServices;
using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>Goodput by class and by window of completion time; sums of whole numbers, so that the order of ends does not matter.</summary>
internal sealed class GoodputTally(GoodputMode mode, bool exactSamples)
{
    private readonly SortedDictionary<string, ClassAccount> _classes = new(StringComparer.Ordinal);
    private readonly Account _all = new();
    private readonly List<GoodputWindow> _windows = [];
    private bool _anyPromise;
    private (string? Name, ClassAccount Account) _latest;

    public void Add(in RequestRecord request, SimTime windowStart)
    {
        _anyPromise |= request.SloKind != SloKind.BestEffort;
        var name = request.SloClass ?? KindName(request.SloKind);
        if (_latest.Name != name) _latest = (name, Class(name, request.SloKind));
        var share = GoodputRule.Of(request, mode);
        _latest.Account.Add(request, share);
        _all.Add(request, share);
        if (request.Finished is not { } end) return;
        var window = (int)((end - windowStart).Nanoseconds / (GoodputWindow.Seconds * 1_000_000_000L));
        while (_windows.Count <= window) _windows.Add(default);
        ref var sum = ref CollectionsMarshal.AsSpan(_windows)[window];
        sum = new(sum.Finished + 1, sum.Good + (share.IsGood ? 1 : 0), sum.Tokens + share.Tokens, sum.WeightedTokens + share.Weighted);
    }

    public GoodputSummary? ToSummary(double durationSeconds, IReadOnlyList<double> percentiles) => !_anyPromise ? null : new()
    {
        Mode = mode,
        All = _all.ToSummary("all", null, durationSeconds, null),
        Classes = [.. _classes.Select(one => one.Value.ToSummary(one.Key, durationSeconds, percentiles))],
        Windows = _windows,
    };

    private ClassAccount Class(string name, SloKind kind)
    {
        if (!_classes.TryGetValue(name, out var account)) _classes.Add(name, account = new(kind, exactSamples));
        return account;
    }

    private static string KindName(SloKind kind) => kind switch
    {
        SloKind.Latency => "latency",
        SloKind.Deadline => "deadline",
        _ => "best-effort",
    };

    private sealed class Account
    {
        private long _requests;
        private long _finished;
        private long _good;
        private long _input;
        private long _output;
        private long _weighted;

        public void Add(in RequestRecord request, in GoodputShare share)
        {
            _requests++;
            _finished += request.Outcome == RequestOutcome.Finished ? 1 : 0;
            _good += share.IsGood ? 1 : 0;
            _input += share.InputTokens;
            _output += share.OutputTokens;
            _weighted += share.Weighted;
        }

        public ClassGoodput ToSummary(string name, string? kind, double durationSeconds, ClassLatencies? latencies) => new()
        {
            Name = name,
            Kind = kind,
            Requests = _requests,
            Finished = _finished,
            Good = _good,
            InputTokens = _input,
            OutputTokens = _output,
            RequestsPerSecond = RunMetrics.PerSecond(_good, durationSeconds),
            TokensPerSecond = RunMetrics.PerSecond(_input + _output, durationSeconds),
            WeightedTokensPerSecond = RunMetrics.PerSecond(_weighted, durationSeconds),
            Latencies = latencies,
        };
    }

    private sealed class ClassAccount(SloKind kind, bool exactSamples)
    {
        private readonly Account _account = new();
        private readonly Distribution _ttft = new(exactSamples);
        private readonly Distribution _maxTbt = new(exactSamples);
        private readonly Distribution _e2e = new(exactSamples);
        private bool _isMixed;

        public void Add(in RequestRecord request, in GoodputShare share)
        {
            _isMixed |= request.SloKind != kind;
            _account.Add(request, share);
            if (request.Outcome != RequestOutcome.Finished || (request.SloClass is null && kind == SloKind.BestEffort)) return;
            _ttft.Add(request.Ttft!.Value.Nanoseconds);
            _maxTbt.Add(request.MaxTbt.Nanoseconds);
            _e2e.Add(request.E2e!.Value.Nanoseconds);
        }

        public ClassGoodput ToSummary(string name, double durationSeconds, IReadOnlyList<double> percentiles) =>
            _account.ToSummary(name, _isMixed ? null : KindName(kind), durationSeconds, new(
                LatencySummary.From(_ttft, percentiles), LatencySummary.From(_maxTbt, percentiles), LatencySummary.From(_e2e, percentiles)));
    }
}
