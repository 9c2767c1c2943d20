using ServeSim.Abstractions;
using ServeSim.CostModels.Operators;

namespace ServeSim.CostModels.Roofline;

/// <summary>Launches, graph padding and host work around the kernels of an iteration.</summary>
internal sealed class EngineOverhead(CostOptions options, int tensor)
{
    private const double GraphMicroseconds = 20;
    private const double PiecewiseLayerMicroseconds = 10;    // mixed batches start attention outside the graph

    // An 8B model with 32 layers takes 9.5 ms however few tokens it computes, a 70B model on eight devices 28 ms.
    private readonly double _eagerLayerMicroseconds = 300 + (50 * Math.Min(1, (tensor - 1) / 7.0));

    /// <summary>Rows that the kernels compute for so many tokens.</summary>
    public int Rows(int tokens) => options.GraphPadding && UsesGraph(tokens) ? CapturedSize(tokens) : tokens;

    /// <summary>vLLM's captured sizes: 1, 2, 4, then multiples of 8 up to 256, then multiples of 16.</summary>
    public static int CapturedSize(int tokens) => tokens switch
    {
        <= 2 => tokens,
        <= 4 => 4,
        <= 256 => (tokens + 7) / 8 * 8,
        _ => (tokens + 15) / 16 * 16,
    };

    /// <summary>Time of a stage whose kernels take <paramref name="gpuMicroseconds"/>.</summary>
    public double StageMicroseconds(in BatchShape shape, int stage, int layers, double gpuMicroseconds, CostLedger? ledger)
    {
        var busy = Math.Max(gpuMicroseconds, LaunchMicroseconds(shape, layers));
        if (busy > gpuMicroseconds) ledger?.Add("waiting for launches", 1, 0, 0, new(busy - gpuMicroseconds, BoundBy.Overhead));

        // One scheduler prepares a batch, before its first stage.
        if (stage > 0 || options.Host == HostMode.None) return busy;
        var host = options.HostMicroseconds + (options.HostMicrosecondsPerSequence * (shape.PrefillSequences + shape.DecodeSequences));
        var wait = options.Host == HostMode.Sync ? host : Math.Max(0, host - busy);
        if (wait > 0) ledger?.Add("host", 1, 0, 0, new(wait, BoundBy.Overhead));
        return busy + wait;
    }

    private bool UsesGraph(int tokens) => options.Launch == LaunchMode.Graphs && CapturedSize(tokens) <= options.MaxGraphTokens;

    private double LaunchMicroseconds(in BatchShape shape, int layers)
    {
        if (options.Launch == LaunchMode.None) return 0;
        if (!UsesGraph(shape.Tokens)) return layers * _eagerLayerMicroseconds;
        return GraphMicroseconds + (shape.PrefillTokens > 0 ? layers * PiecewiseLayerMicroseconds : 0);
    }
}
