using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Most tokens in one of the one-second buckets from an origin. Iterations may come late by <see cref="IRunObserver.MostLag"/>,
/// so the buckets of that time are kept open; older ones leave only their maximum.
/// </summary>
internal sealed class TokenRatePeak
{
    private const long Second = 1_000_000_000;
    private const int OpenBuckets = 128;

    private readonly long[] _tokens = new long[OpenBuckets];    // by bucket modulo their number
    private long _latest;
    private long _best;

    public long Peak => Math.Max(_best, _tokens.Max());

    public void Add(SimDuration sinceOrigin, long tokens) => Of(sinceOrigin.Nanoseconds / Second) += tokens;

    public void Add(in DecodeRun run, SimTime origin)
    {
        var ends = run.Ends;
        while (!ends.IsEmpty)
        {
            var bucket = (ends[0] - origin).Nanoseconds / Second;
            var inBucket = CountBefore(ends, origin.Nanoseconds + ((bucket + 1) * Second));
            Of(bucket) += (long)inBucket * run.Sequences;
            ends = ends[inBucket..];
        }
    }

    private static int CountBefore(ReadOnlySpan<SimTime> ends, long limit)
    {
        if (ends[^1].Nanoseconds < limit) return ends.Length;
        var count = 1;
        while (ends[count].Nanoseconds < limit) count++;
        return count;
    }

    private ref long Of(long bucket)
    {
        if (bucket > _latest) Close(bucket);
        if (bucket <= _latest - OpenBuckets) throw new InvalidOperationException($"an iteration that ended in second {bucket} is reported in second {_latest}");
        return ref _tokens[bucket % OpenBuckets];
    }

    private void Close(long bucket)
    {
        var closed = Math.Min(OpenBuckets, bucket - _latest);
        for (var i = 1; i <= closed; i++)
        {
            ref var tokens = ref _tokens[(_latest + i) % OpenBuckets];
            _best = Math.Max(_best, tokens);
            tokens = 0;
        }

        _latest = bucket;
    }
}
