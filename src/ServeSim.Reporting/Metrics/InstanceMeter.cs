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
    private int _maxCarriedTokens;
    private long _lastEnd;
    private int _instancesSeen;

    public void Add(in IterationRecord iteration, SimTime windowStart)
    {
        _iterations++;
        if (iteration.DecodeSequences > 0) _decodeIterations++;
        _sequences += iteration.PrefillSequences + iteration.DecodeSequences;
        _prefillTokens += iteration.PrefillTokens - iteration.PendingTokens;
        _decodes += iteration.DecodeSequences;
        _swappedBytes += iteration.SwappedBytes;
        _maxBlocks = Math.Max(_maxBlocks, iteration.UsedBlocks);
        _maxCarriedTokens = Math.Max(_maxCarriedTokens, iteration.CarriedTokens);
        ref var busyUntil = ref See(iteration.Instance, iteration.End);
        var start = Math.Max(Math.Max(iteration.Start.Nanoseconds, windowStart.Nanoseconds), busyUntil);
        var length = Math.Max(0, iteration.End.Nanoseconds - start);
        busyUntil = Math.Max(busyUntil, iteration.End.Nanoseconds);
        _busy += length;
        _blockTime += (Int128)iteration.UsedBlocks * length;
    }

    public void Add(in DecodeRun run, SimTime windowStart)
    {
        var (count, sequences) = (run.Count, (long)run.Count * run.Sequences);
        _iterations += count;
        _decodeIterations += count;
        _sequences += sequences;
        _decodes += sequences;
        var most = run.UsedBlocks[count - 1];
        _maxBlocks = Math.Max(_maxBlocks, most);
        ref var busyUntil = ref See(run.Instance, run.Ends[count - 1]);
        var start = Math.Max(Math.Max(run.Start.Nanoseconds, windowStart.Nanoseconds), busyUntil);
        var length = run.Ends[count - 1].Nanoseconds - start;
        busyUntil = run.Ends[count - 1].Nanoseconds;
        _busy += length;

        // Blocks change by a few: what all iterations use together, and what each uses less than the last.
        var less = 0L;
        for (var i = 0; i < count && run.UsedBlocks[i] < most; i++)
        {
            less += (most - run.UsedBlocks[i]) * (run.Ends[i].Nanoseconds - start);
            start = run.Ends[i].Nanoseconds;
        }

        _blockTime += ((Int128)most * length) - less;
    }

    private ref long See(int instance, SimTime end)
    {
        _lastEnd = Math.Max(_lastEnd, end.Nanoseconds);
        _instancesSeen = Math.Max(_instancesSeen, instance + 1);
        if (instance >= _busyUntil.Length) Array.Resize(ref _busyUntil, Math.Max(8, 2 * (instance + 1)));
        return ref _busyUntil[instance];
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
            MaxCarriedTokens = _maxCarriedTokens,
            MaxCarriedBytes = _maxCarriedTokens * options.CarriedBytesPerToken,
        };
    }

    private static double? Share(Int128 part, Int128 whole) => whole > 0 ? (double)part / (double)whole : null;
}
