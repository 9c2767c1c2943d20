using System.Diagnostics;
using System.Globalization;
using ServeSim.Engine;

namespace ServeSim.Cli.Output;

/// <summary>
/// How far a run has come, on standard error: one line that is redrawn on a terminal, a plain line every ten seconds
/// elsewhere, nothing with --quiet.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private const int BarWidth = 20;
    private readonly AppContext _app;
    private readonly SimulationRun _run;
    private readonly long? _requests;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Timer? _timer;
    private readonly Lock _writing = new();
    private bool _drawn;
    private bool _ended;

    public ProgressLine(AppContext app, SimulationRun run, long? requests)
    {
        (_app, _run, _requests) = (app, run, requests);
        if (app.IsQuiet) return;
        var period = TimeSpan.FromSeconds(app.ErrorIsTerminal ? 0.2 : 10);
        _timer = new Timer(_ => Draw(), null, period, period);
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_writing)
        {
            _ended = true;
            if (_drawn && _app.ErrorIsTerminal) _app.Error.Write("\r\e[K");
        }
    }

    internal static string Text(double simulatedSeconds, long arrived, long? requests, double wallSeconds)
    {
        var ratio = wallSeconds > 0 ? simulatedSeconds / wallSeconds : 0;
        var text = string.Create(CultureInfo.InvariantCulture, $"{simulatedSeconds:F0} s simulated, {arrived} requests, {ratio:F0}x real time");
        if (requests is not { } all || all == 0) return text;
        var share = Math.Clamp((double)arrived / all, 0, 1);
        var filled = (int)(share * BarWidth);
        var left = share > 0 ? wallSeconds * (1 - share) / share : 0;
        return string.Create(CultureInfo.InvariantCulture,
            $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {100 * share:F0}%, {text}, {left:F0} s left");
    }

    private void Draw()
    {
        lock (_writing)
        {
            if (_ended) return;
            var text = Text(_run.Now.Seconds, _run.Arrived, _requests, Stopwatch.GetElapsedTime(_started).TotalSeconds);
            if (_app.ErrorIsTerminal) _app.Error.Write($"\r{text}\e[K");
            else _app.Error.WriteLine(text);
            _drawn = true;
        }
    }
}
