using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>Good requests and tokens among the measured ones.</summary>
internal sealed class SloTally
{
    private bool _anyLimit;
    private long _measured;
    private long _finished;
    private long _good;
    private long _goodTokens;
    private long _goodInputTokens;
    private long _onTimeTokens;
    private long _oneTokenOutputs;

    public void Add(in RequestRecord request)
    {
        _anyLimit |= !request.Slo.IsEmpty;
        _measured++;
        if (request.Outcome != RequestOutcome.Finished) return;

        _finished++;
        _onTimeTokens += request.OnTimeTokens;
        if (request.Slo.Tpot is not null && request.GeneratedTokens == 1) _oneTokenOutputs++;
        if (!request.MeetsSlo) return;
        _good++;
        _goodTokens += request.GeneratedTokens;
        _goodInputTokens += request.InputTokens;
    }

    public SloSummary? ToSummary(double durationSeconds) => !_anyLimit ? null : new SloSummary
    {
        Good = _good,
        RequestGoodput = RunMetrics.PerSecond(_good, durationSeconds),
        TokenGoodput = RunMetrics.PerSecond(_goodTokens, durationSeconds),
        TotalTokenGoodput = RunMetrics.PerSecond(_goodTokens + _goodInputTokens, durationSeconds),
        StrictTokenGoodput = RunMetrics.PerSecond(_onTimeTokens, durationSeconds),
        Attainment = (double)_good / _measured,
        AttainmentOfFinished = _finished == 0 ? null : (double)_good / _finished,
        OneTokenOutputsUnderTpotLimit = _oneTokenOutputs,
    };
}
