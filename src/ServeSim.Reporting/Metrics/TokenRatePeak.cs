using ServeSim.Abstractions;

namespace ServeSim.Reporting.Metrics;

/// <summary>
/// Most tokens in one of the one-second buckets from an origin. Iterations come in the order of their ends, so a bucket
/// is complete once an end lies beyond it: the current and the best one are all that is kept.
/// </summary>
internal sealed class TokenRatePeak
{
    private const long Second = 1_000_000_000;
    private long _bucket;
    private long _tokens;
    private long _best;

    public long Peak => Math.Max(_best, _tokens);

    public void Add(SimDuration sinceOrigin, int tokens)
    {
        var bucket = sinceOrigin.Nanoseconds / Second;
        if (bucket != _bucket)
        {
            _best = Peak;
            (_bucket, _tokens) = (bucket, 0);
        }

        _tokens += tokens;
    }
}
