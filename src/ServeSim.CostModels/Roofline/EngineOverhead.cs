using System.Numerics;
using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>Launches, graph padding and host work around the kernels of an iteration.</summary>
internal sealed class EngineOverhead
{
    private const double GraphMicroseconds = 20;
    private const double PiecewiseLayerMicroseconds = 10;    // mixed batches start attention outside the graph

    private readonly CostOptions _options;
    private readonly double _eagerLayerMicroseconds;
    private readonly double _hostMicroseconds;
    private readonly double _hostMicrosecondsPerSequence;
    private readonly bool _launchesGraphs;
    private readonly int _mostGraphTokens;    // -1 without graphs
    private readonly int[] _rows;             // rows for so many tokens; more tokens are not padded

    private EngineOverhead(CostOptions options, int tensor, double host, double perSequence, bool launchesGraphs)
    {
        _options = options;
        _launchesGraphs = launchesGraphs;
        _hostMicroseconds = options.HostMicroseconds ?? host;
        _hostMicrosecondsPerSequence = options.HostMicrosecondsPerSequence ?? perSequence;

        // An 8B model with 32 layers takes 9.5 ms however few tokens it computes, a 70B model on eight devices 28 ms.
        _eagerLayerMicroseconds = 300 + (50 * Math.Min(1, (tensor - 1) / 7.0));
        _mostGraphTokens = options.Launch == LaunchMode.Graphs ? options.MaxGraphTokens : -1;
        while (_mostGraphTokens >= 0 && CapturedSize(_mostGraphTokens) > options.MaxGraphTokens) _mostGraphTokens--;
        _rows = new int[options.GraphPadding ? _mostGraphTokens + 1 : 0];
        for (var tokens = 0; tokens < _rows.Length; tokens++) _rows[tokens] = CapturedSize(tokens);
    }

    /// <summary>f2: graph launches and the whole host work, which f2's constants leave out.</summary>
    public static EngineOverhead Fitted(CostOptions options, int tensor) => new(options, tensor, 126, 4.4, launchesGraphs: true);

    /// <summary>Calibrated: what stays visible of an engine with asynchronous scheduling and graphs, launches included.</summary>
    public static EngineOverhead Calibrated(CostOptions options, int tensor) => new(options, tensor, 300, 2, launchesGraphs: false);

    /// <summary>Rows that the kernels compute for so many tokens.</summary>
    public int Rows(int tokens)
    {
        var rows = _rows;
        return (uint)tokens < (uint)rows.Length ? rows[tokens] : tokens;
    }

    /// <summary>vLLM's captured sizes: 1, 2, 4, then multiples of 8 up to 256, then multiples of 16.</summary>
    public static int CapturedSize(int tokens) => tokens switch
    {
        <= 2 => tokens,
        <= 4 => 4,
        <= 256 => (tokens + 7) / 8 * 8,
        _ => (tokens + 15) / 16 * 16,
    };

    /// <summary>Time of a stage whose kernels take <paramref name="gpuMicroseconds"/> and their launches <paramref name="launchMicroseconds"/>.</summary>
    public double StageMicroseconds(int sequences, int stage, double launchMicroseconds, double gpuMicroseconds, CostLedger? ledger)
    {
        var busy = Math.Max(gpuMicroseconds, launchMicroseconds);
        if (busy > gpuMicroseconds) ledger?.Add("waiting for launches", 1, 0, 0, new(busy - gpuMicroseconds, BoundBy.Overhead));

        // One scheduler prepares a batch, before its first stage.
        if (stage > 0 || _options.Host == HostMode.None) return busy;
        var host = _hostMicroseconds + (_hostMicrosecondsPerSequence * sequences);
        var wait = _options.Host == HostMode.Sync ? host : Math.Max(0, host - busy);
        if (wait > 0) ledger?.Add("host", 1, 0, 0, new(wait, BoundBy.Overhead));
        return busy + wait;
    }

    /// <summary>The overhead of iterations of so many decodes and nothing else, on one stage of so many layers.</summary>
    public DecodeOverhead OfDecodes(int sequences, int stage, int layers)
    {
        var shape = new BatchShape { DecodeSequences = sequences };
        return new(LaunchMicroseconds(shape, layers), stage > 0 ? HostMode.None : _options.Host, _hostMicroseconds + (_hostMicrosecondsPerSequence * sequences));
    }

    private bool UsesGraph(int tokens) => tokens <= _mostGraphTokens;

    /// <summary>Launches of layers that compute the same batch.</summary>
    public double LaunchMicroseconds(in BatchShape shape, double layers)
    {
        if (_options.Launch == LaunchMode.None) return 0;
        if (!_launchesGraphs) return _options.Launch == LaunchMode.Eager ? layers * _eagerLayerMicroseconds : 0;
        if (!UsesGraph(shape.Tokens)) return layers * _eagerLayerMicroseconds;
        return GraphMicroseconds + (shape.PrefillTokens > 0 ? layers * PiecewiseLayerMicroseconds : 0);
    }
}

/// <summary>What does not change between iterations of an unchanged batch.</summary>
internal readonly record struct DecodeOverhead(double LaunchMicroseconds, HostMode Host, double HostMicroseconds)
{
    /// <summary>As <see cref="EngineOverhead.StageMicroseconds"/>.</summary>
    public double Microseconds(double gpuMicroseconds)
    {
        var busy = Math.Max(gpuMicroseconds, LaunchMicroseconds);
        if (Host == HostMode.None) return busy;
        return busy + (Host == HostMode.Sync ? HostMicroseconds : Math.Max(0, HostMicroseconds - busy));
    }

    /// <summary>Several side by side.</summary>
    public Vector<double> Microseconds(Vector<double> gpuMicroseconds)
    {
        var busy = Vector.Max(gpuMicroseconds, new Vector<double>(LaunchMicroseconds));
        if (Host == HostMode.None) return busy;
        var host = new Vector<double>(HostMicroseconds);
        return busy + (Host == HostMode.Sync ? host : Vector.Max(Vector<double>.Zero, host - busy));
    }

    /// <summary>No iteration takes less than this and <see cref="Added"/>; longer kernels take their own time and <see cref="Added"/>.</summary>
    public double Least => Host == HostMode.Async ? Math.Max(LaunchMicroseconds, HostMicroseconds) : LaunchMicroseconds;

    /// <summary>Host work that nothing hides.</summary>
    public double Added => Host == HostMode.Sync ? HostMicroseconds : 0;
}
