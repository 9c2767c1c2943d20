using ServeSim.Abstractions;

namespace ServeSim.Policies.Goodput;

/// <summary>What a frame scheduler measures: the time of a decode iteration, and the tokens of a frame that came out on time.</summary>
public sealed class FramePace
{
    private const int Window = 10;
    private const double StartSeconds = 0.020;

    private readonly double[] _recent = new double[Window];
    private int _count;

    /// <summary>Mean time of the last decode iterations, seconds.</summary>
    public double TokenSeconds { get; private set; } = StartSeconds;

    /// <summary>Tokens that counted in this frame.</summary>
    public double Earned { get; private set; }

    /// <summary>Start of this frame.</summary>
    public SimTime FrameStart { get; private set; }

    /// <summary>A frame begins.</summary>
    public void StartFrame(SimTime now)
    {
        FrameStart = now;
        Earned = 0;
    }

    /// <summary>An iteration has ended.</summary>
    public void Add(in IterationView iteration)
    {
        var hasDecode = false;
        foreach (ref readonly var entry in iteration.Entries)
        {
            hasDecode |= entry.IsDecode;
            if (iteration.TryGetRequest(entry, out var request) && request.LastTokenAt == iteration.End) AddToken(request);
        }

        if (!hasDecode) return;
        _recent[_count++ % Window] = iteration.Duration.Seconds;
        double sum = 0;
        for (var i = 0; i < Math.Min(_count, Window); i++) sum += _recent[i];
        TokenSeconds = sum / Math.Min(_count, Window);
    }

    /// <summary>A request has produced its last token.</summary>
    public void AddFinished(in RequestView request)
    {
        AddToken(request);
        if (request.SloKind == SloKind.Deadline && request.Slo.E2e is { } limit && request.LastTokenAt <= request.Arrival + limit)
            Earned += request.KnownTokens;
    }

    private void AddToken(in RequestView request)
    {
        if (request.SloKind != SloKind.Latency || request.GeneratedTokens == 0) return;
        if (request.TokenDue(request.GeneratedTokens - 1) is not { } due || request.LastTokenAt <= due)
            Earned += request.GeneratedTokens == 1 ? 1 + request.InputTokens : 1;
    }
}
