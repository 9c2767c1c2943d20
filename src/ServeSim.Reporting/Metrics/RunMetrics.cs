using ServeSim.Abstractions;
using ServeSim.Reporting.Energy;
using ServeSim.Reporting.Tenants;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Measures a run while it happens, in memory that does not grow with it. Requests of the warm-up are left out.
/// Token gaps and iterations come without a request's name: they count from the first measured arrival on,
/// whichever request they belong to.
/// </summary>
public sealed class RunMetrics(MetricsOptions options) : IRunObserver
{
    private readonly Distribution _ttft = new(options.ExactSamples);
    private readonly Distribution _tbt = new(options.ExactSamples);
    private readonly Distribution _tpot = new(options.ExactSamples);
    private readonly Distribution _e2e = new(options.ExactSamples);
    private readonly Distribution _queueDelay = new(options.ExactSamples);
    private readonly Distribution _normalized = new(options.ExactSamples);
    private readonly SortedDictionary<string, long> _rejectedByReason = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _abortedByReason = new(StringComparer.Ordinal);
    private readonly ConcurrencyPeak _concurrency = new();
    private readonly TokenRatePeak _tokenRate = new();
    private readonly InstanceMeter _instances = new();
    private readonly EnergyMeter? _energy = options.Energy is { } energy ? new EnergyMeter(energy) : null;
    private readonly ExpertMeter? _experts = options.Experts is { } experts ? new ExpertMeter(experts) : null;
    private readonly QueueTrend _queue = new();
    private readonly SloTally _slo = new();
    private readonly TenantMeter _tenants = new(options.Tenants, options.ExactSamples);
    private SimTime? _windowStart;
    private SimTime _lastArrival;
    private SimTime? _lastCompletion;
    private long _arrivals;
    private long _measuredArrivals;
    private long _finished;
    private long _rejected;
    private long _aborted;
    private long _unfinished;
    private long _preemptions;
    private long _inputTokens;
    private long _outputTokens;
    private long _cachedTokens;
    private long _recomputedTokens;

    /// <summary>False: the result does not depend on the order of iterations of different instances.</summary>
    public bool NeedsTimeOrder => false;

    /// <inheritdoc/>
    public void OnArrived(SimTime time, int waitingRequests, int requestsInSystem)
    {
        var measured = IsMeasured(_arrivals++, time);
        _concurrency.Arrive(time, requestsInSystem, measured);
        if (!measured) return;
        _windowStart ??= time;
        _lastArrival = time;
        _measuredArrivals++;
        _queue.Add(time, waitingRequests);
    }

    /// <inheritdoc/>
    public void OnRequestEnded(in RequestRecord request)
    {
        if (request.Outcome != RequestOutcome.Unfinished) _concurrency.End(request.Finished ?? request.Ended);
        if (!IsMeasured(request.Number, request.Arrival)) return;
        _slo.Add(request);
        _tenants.Add(request);
        _preemptions += request.Preemptions;
        _cachedTokens += request.CachedTokens;
        _recomputedTokens += request.RecomputedTokens;
        switch (request.Outcome)
        {
            case RequestOutcome.Finished: AddFinished(request); break;
            case RequestOutcome.Rejected: AddRejected(request.Reason ?? "unspecified"); break;
            case RequestOutcome.Aborted: AddAborted(request.Reason ?? "unspecified"); break;
            default: _unfinished++; break;
        }
    }

    /// <inheritdoc/>
    public void OnIteration(in IterationRecord iteration)
    {
        if (_windowStart is not { } start || iteration.End < start || (iteration.End == start && iteration.Start < start)) return;
        _tokenRate.Add(iteration.End - start, iteration.EmittedTokens);
        _instances.Add(iteration, start);
        _energy?.Add(iteration, start);
        _experts?.Add(iteration);
    }

    /// <inheritdoc/>
    public void OnTokenGaps(SimDuration gap, long count)
    {
        if (_windowStart is not null) _tbt.Add(gap.Nanoseconds, count);
    }

    /// <inheritdoc/>
    public void OnDecodeRun(in DecodeRun run)
    {
        if (_windowStart is not { } start || run.Ends[^1] <= start) return;
        var measured = run.After(start);
        _tbt.AddGaps(measured.LastToken, measured.Ends, measured.Sequences);
        _tokenRate.Add(measured, start);
        _instances.Add(measured, start);
        _energy?.Add(measured, start);
        _experts?.Add(measured);
    }

    /// <summary>What has been measured so far; of the whole run once it is over.</summary>
    public RunSummary Summarize()
    {
        var percentiles = options.Percentiles;
        var duration = _windowStart is { } start && _lastCompletion is { } last ? (last - start).Seconds : 0;
        var tokens = new TokenTotals(_inputTokens, _outputTokens, _cachedTokens, _recomputedTokens);
        return new RunSummary
        {
            Requests = new RequestCounts
            {
                Simulated = _arrivals,
                Finished = _finished,
                Rejected = _rejected,
                Unfinished = _unfinished,
                Aborted = _aborted,
                RejectedByReason = [.. _rejectedByReason],
                AbortedByReason = [.. _abortedByReason],
                Preemptions = _preemptions,
            },
            Window = new MeasuredWindow(options.WarmupText, _windowStart?.Seconds, _lastCompletion?.Seconds, duration),
            Tokens = tokens,
            Throughput = new Throughput
            {
                OfferedRequestsPerSecond = PerSecond(_measuredArrivals - 1, _windowStart is { } first ? (_lastArrival - first).Seconds : 0),
                RequestsPerSecond = PerSecond(_finished, duration),
                OutputTokensPerSecond = PerSecond(_outputTokens, duration),
                TotalTokensPerSecond = PerSecond(_inputTokens + _outputTokens, duration),
                MaxOutputTokensPerSecond = _tokenRate.Peak,
                MaxConcurrentRequests = _concurrency.Peak,
            },
            Slo = _slo.ToSummary(duration),
            Fairness = _tenants.ToSummary(duration, _windowStart ?? SimTime.Zero, _lastArrival, percentiles),
            Ttft = LatencySummary.From(_ttft, percentiles),
            Tbt = LatencySummary.From(_tbt, percentiles),
            Tpot = LatencySummary.From(_tpot, percentiles),
            E2e = LatencySummary.From(_e2e, percentiles),
            QueueDelay = LatencySummary.From(_queueDelay, percentiles),
            NormalizedLatency = LatencySummary.From(_normalized, percentiles),
            Iterations = _instances.ToSummary(options, _windowStart, _queue.MaxWaiting),
            Overload = _queue.ToSummary(),
            Experts = _experts?.ToSummary(_finished),
            Energy = _energy?.ToSummary(options.Instances, _windowStart, tokens, _finished),
        };
    }

    internal static double? PerSecond(long count, double seconds) => seconds > 0 ? count / seconds : null;

    private bool IsMeasured(long number, SimTime arrival) =>
        number >= options.WarmupRequests && arrival.Nanoseconds >= options.WarmupTime.Nanoseconds;

    private void AddFinished(in RequestRecord request)
    {
        var end = request.Finished!.Value;
        var e2e = (end - request.Arrival).Nanoseconds;
        _finished++;
        _inputTokens += request.InputTokens;
        _outputTokens += request.GeneratedTokens;
        if (_lastCompletion is not { } last || end > last) _lastCompletion = end;
        _ttft.Add(request.Ttft!.Value.Nanoseconds);
        _e2e.Add(e2e);
        _normalized.Add(new SimDuration(e2e).DividedBy(request.GeneratedTokens).Nanoseconds);
        if (request.Tpot is { } tpot) _tpot.Add(tpot.Nanoseconds);
        if (request.Scheduled is { } scheduled) _queueDelay.Add((scheduled - request.Arrival).Nanoseconds);
    }

    private void AddAborted(string reason)
    {
        _aborted++;
        _abortedByReason[reason] = _abortedByReason.GetValueOrDefault(reason) + 1;
    }

    private void AddRejected(string reason)
    {
        _rejected++;
        _rejectedByReason[reason] = _rejectedByReason.GetValueOrDefault(reason) + 1;
    }
}
