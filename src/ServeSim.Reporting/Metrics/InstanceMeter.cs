using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>Batch sizes, busy time and KV occupancy from the first measured arrival on.</summary>
internal sealed class InstanceMeter
{
    private long[] _busyUntil = [];     // per instance; pipelined iterations overlap and must not count twice
    private Int128 _busy;
    private Int128 _blockTime;
    private long _iterations;
    private long _decodeIterations;
    private long _sequences;
    private long _prefillTokens;
    private long _decodes;
    private long _swappedBytes;
    private int _maxBlocks;
    private long _lastEnd;
    private int _instancesSeen;

    public void Add(in IterationRecord iteration, SimTime windowStart)
    {
        _iterations++;
        if (iteration.DecodeSequences > 0) _decodeIterations++;
        _sequences += iteration.PrefillSequences + iteration.DecodeSequences;
        _prefillTokens += iteration.PrefillTokens;
        _decodes += iteration.DecodeSequences;
        _swappedBytes += iteration.SwappedBytes;
        _maxBlocks = Math.Max(_maxBlocks, iteration.UsedBlocks);
        _lastEnd = Math.Max(_lastEnd, iteration.End.Nanoseconds);
        _instancesSeen = Math.Max(_instancesSeen, iteration.Instance + 1);
        if (iteration.Instance >= _busyUntil.Length) Array.Resize(ref _busyUntil, Math.Max(8, 2 * (iteration.Instance + 1)));

        ref var busyUntil = ref _busyUntil[iteration.Instance];
        var start = Math.Max(Math.Max(iteration.Start.Nanoseconds, windowStart.Nanoseconds), busyUntil);
        var length = Math.Max(0, iteration.End.Nanoseconds - start);
        busyUntil = Math.Max(busyUntil, iteration.End.Nanoseconds);
        _busy += length;
        _blockTime += (Int128)iteration.UsedBlocks * length;
    }

    public IterationSummary ToSummary(MetricsOptions options, SimTime? windowStart, int maxWaiting)
    {
        var tokens = _prefillTokens + _decodes;
        var instances = options.Instances > 0 ? options.Instances : _instancesSeen;
        var capacity = (Int128)instances * (_lastEnd - (windowStart ?? SimTime.Zero).Nanoseconds);
        return new IterationSummary
        {
            Count = _iterations,
            Decodes = _decodeIterations,
            MeanSequences = Share(_sequences, _iterations),
            MeanTokens = Share(tokens, _iterations),
            DecodeShare = Share(_decodes, tokens),
            BusyShare = _iterations == 0 ? null : Share(_busy, capacity),
            MeanKvShare = Share(_blockTime, _busy * options.TotalBlocks),
            MaxKvShare = _iterations == 0 ? null : Share(_maxBlocks, options.TotalBlocks),
            MaxWaitingRequests = maxWaiting,
            SwappedBytes = _swappedBytes,
        };
    }

    private static double? Share(Int128 part, Int128 whole) => whole > 0 ? (double)part / (double)whole : null;
}
