using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>
/// What a frame scheduler measures: the time of a decode iteration, and the tokens of a frame that came out on time. A request's
/// tokens are counted when somebody looks; the sums are those of counting token by token.
/// </summary>
public sealed class FramePace
{
    private const int Window = 10;
    private const double StartSeconds = 0.020;

    private readonly double[] _recent = new double[Window];
    private readonly RequestMap<(int OnTime, bool HasFirst)> _counted = new();
    private SimTime _frameStart;
    private double _earned;
    private int _count;

    /// <summary>Mean time of the last decode iterations, seconds.</summary>
    public double TokenSeconds { get; private set; } = StartSeconds;

    /// <summary>A frame begins; returns the tokens that counted in the one before, and how long it was.</summary>
    public (double Earned, double Seconds) StartFrame(SimTime now, ReadOnlySpan<RequestView> requests)
    {
        foreach (var request in requests) Settle(request);
        var (earned, seconds) = (_earned, (now - _frameStart).Seconds);
        (_earned, _frameStart) = (0, now);
        return (earned, seconds);
    }

    /// <summary>An iteration has ended.</summary>
    public void Add(in IterationView iteration)
    {
        if (iteration.DecodeSequences == 0) return;
        _recent[_count++ % Window] = iteration.Duration.Seconds;
        double sum = 0;
        for (var i = 0; i < Math.Min(_count, Window); i++) sum += _recent[i];
        TokenSeconds = sum / Math.Min(_count, Window);
    }

    /// <summary>A request has produced its last token.</summary>
    public void AddFinished(in RequestView request)
    {
        Settle(request);
        if (request.SloKind == SloKind.Deadline && request.Slo.E2e is { } limit && request.LastTokenAt <= request.Arrival + limit)
            _earned += request.KnownTokens;
    }

    /// <summary>Counts what has come out on time since the last look; the prompt goes with the first token.</summary>
    public void Settle(in RequestView request)
    {
        if (request.SloKind != SloKind.Latency || request.GeneratedTokens == 0) return;
        ref var counted = ref _counted[request];
        var onTime = request.OnTimeTokens;
        _earned += onTime - counted.OnTime;
        if (!counted.HasFirst && (request.TokenDue(0) is not { } due || request.FirstTokenAt <= due)) _earned += request.InputTokens;
        counted = (onTime, true);
    }
}
