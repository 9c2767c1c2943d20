using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace ServeSim.Cli.Output;

/// <summary>The diagnostic channel: one line per message, its level in front, on standard error.</summary>
internal sealed class DiagnosticLog : ILogEventSink
{
    private const string Reset = "\e[0m";
    private readonly TextWriter _error;
    private readonly bool _colors;

    private DiagnosticLog(TextWriter error, bool colors) => (_error, _colors) = (error, colors);

    public static ILogger Create(AppContext app) => new LoggerConfiguration()
        .MinimumLevel.Is(app.IsVerbose ? LogEventLevel.Debug : app.IsQuiet ? LogEventLevel.Error : LogEventLevel.Information)
        .WriteTo.Sink(new DiagnosticLog(app.Error, app.ErrorIsTerminal && AppContext.AllowsColor))
        .CreateLogger();

    public void Emit(LogEvent logEvent)
    {
        var (word, color) = logEvent.Level switch
        {
            LogEventLevel.Fatal => ("internal error: ", "\e[31m"),
            LogEventLevel.Error => ("error: ", "\e[31m"),
            LogEventLevel.Warning => ("warning: ", "\e[33m"),
            _ => ("", ""),
        };
        var message = logEvent.RenderMessage(CultureInfo.InvariantCulture);
        _error.WriteLine(_colors && color.Length > 0 ? $"{color}{word}{Reset}{message}" : word + message);
    }
}
