using ServeSim.Abstractions;
using ServeSim.Reporting.Metrics;

namespace ServeSim.Reporting.Tenants;

/// <summary>What is counted of one tenant.</summary>
internal sealed class TenantTally(string name, double weight, bool exactSamples)
{
    private readonly Distribution _ttft = new(exactSamples);
    private readonly Distribution _e2e = new(exactSamples);
    private readonly SloTally _slo = new();
    private long _finished;
    private long _rejected;
    private long _aborted;
    private long _unfinished;
    private long _inputTokens;
    private long _outputTokens;

    public string Name => name;
    public double Weight => weight;
    public ServiceCurve Served { get; } = new();
    public ServiceCurve Requested { get; } = new();

    public void Add(in RequestRecord request)
    {
        _slo.Add(request);
        switch (request.Outcome)
        {
            case RequestOutcome.Rejected: _rejected++; return;
            case RequestOutcome.Aborted: _aborted++; return;
            case RequestOutcome.Unfinished: _unfinished++; return;
        }

        _finished++;
        _inputTokens += request.InputTokens;
        _outputTokens += request.GeneratedTokens;
        _ttft.Add(request.Ttft!.Value.Nanoseconds);
        _e2e.Add(request.E2e!.Value.Nanoseconds);
    }

    public TenantSummary ToSummary(double service, double durationSeconds, IReadOnlyList<double> percentiles) => new()
    {
        Name = name,
        Weight = weight,
        Finished = _finished,
        Rejected = _rejected,
        Aborted = _aborted,
        Unfinished = _unfinished,
        InputTokens = _inputTokens,
        OutputTokens = _outputTokens,
        OutputTokensPerSecond = RunMetrics.PerSecond(_outputTokens, durationSeconds),
        Service = service,
        Slo = _slo.ToSummary(durationSeconds),
        Ttft = LatencySummary.From(_ttft, percentiles),
        E2e = LatencySummary.From(_e2e, percentiles),
    };
}
