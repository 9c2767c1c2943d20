using System.Reflection;
using System.Runtime.InteropServices;
using Serilog;
using ServeSim.Abstractions;
using ServeSim.Cli.Output;
using ServeSim.Experiments.Composition;

namespace ServeSim.Cli;

/// <summary>What every command has at hand: channels, the catalog, cancellation. Costly parts are made when first used.</summary>
internal sealed class AppContext : IDisposable
{
    private readonly Type[] _extraPolicies;
    private readonly CancellationTokenSource _cancel = new();
    private PolicyCatalog? _catalog;
    private ILogger? _log;
    private readonly List<PosixSignalRegistration> _signals = [];

    public AppContext(TextWriter output, TextWriter error, bool outputIsTerminal, bool errorIsTerminal, params Type[] extraPolicies)
    {
        Output = output;
        Error = error;
        OutputIsTerminal = outputIsTerminal;
        ErrorIsTerminal = errorIsTerminal;
        _extraPolicies = extraPolicies;
    }

    /// <summary>Results.</summary>
    public TextWriter Output { get; }

    /// <summary>Diagnostics and progress.</summary>
    public TextWriter Error { get; }

    public bool OutputIsTerminal { get; }
    public bool ErrorIsTerminal { get; }

    /// <summary>False when the user asked for no colour (https://no-color.org).</summary>
    public static bool AllowsColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public bool IsQuiet { get; set; }
    public bool IsVerbose { get; set; }
    public IReadOnlyList<string> Plugins { get; set; } = [];

    public ILogger Log => _log ??= DiagnosticLog.Create(this);
    public PolicyCatalog Catalog => _catalog ??= PolicyCatalog.Load(Plugins.Select(LoadPlugin), _extraPolicies);

    /// <summary>Cancelled by the first Ctrl-C or termination request; a second one ends the process at once.</summary>
    public CancellationToken Cancellation
    {
        get
        {
            if (_signals.Count > 0) return _cancel.Token;
            foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM])
                _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
            return _cancel.Token;
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _cancel.Dispose();
    }

    private void OnSignal(PosixSignalContext signal)
    {
        if (_cancel.IsCancellationRequested) return;
        signal.Cancel = true;
        _cancel.Cancel();
    }

    private static Assembly LoadPlugin(string path)
    {
        try
        {
            return Assembly.LoadFrom(Path.GetFullPath(path));
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            throw new InputException($"--plugin {path}: cannot be loaded: {e.Message.Trim()}");
        }
    }
}
