using ServeSim.Abstractions;

namespace ServeSim.Workloads.Statistics;

/// <summary>Describes a trace in one pass and in memory that does not depend on its length.</summary>
public sealed class TraceStatistics
{
    /// <summary>Distinct hash ids are counted up to here.</summary>
    public const int MaxDistinctHashIds = 1_000_000;

    private const long Second = 1_000_000_000;

    private readonly ArrivalCounter _one = new(Second);
    private readonly ArrivalCounter _ten = new(10 * Second);
    private readonly ArrivalCounter _minute = new(60 * Second);
    private readonly HashSet<ulong> _hashIds = [];
    private readonly HashSet<ulong> _sessions = [];
    private double _gapMean;
    private double _gapSquares;

    /// <summary>Records added.</summary>
    public long Requests { get; private set; }

    /// <summary>Records that wait for others.</summary>
    public long Dependents { get; private set; }

    /// <summary>Prompt tokens.</summary>
    public TokenHistogram Input { get; } = new();

    /// <summary>Output tokens.</summary>
    public TokenHistogram Output { get; } = new();

    /// <summary>Gaps between arrivals, in microseconds.</summary>
    public TokenHistogram GapMicroseconds { get; } = new();

    /// <summary>First recorded arrival.</summary>
    public SimTime? FirstArrival { get; private set; }

    /// <summary>Last recorded arrival.</summary>
    public SimTime? LastArrival { get; private set; }

    /// <summary>References to hash ids.</summary>
    public long HashReferences { get; private set; }

    /// <summary>Distinct hash ids, at most <see cref="MaxDistinctHashIds"/>.</summary>
    public int DistinctHashIds => _hashIds.Count;

    /// <summary>False when there were more distinct hash ids or sessions than are counted.</summary>
    public bool DistinctIsExact { get; private set; } = true;

    /// <summary>Distinct conversations, at most <see cref="MaxDistinctHashIds"/>.</summary>
    public int Sessions => _sessions.Count;

    /// <summary>Arrivals per second between the first and the last; 0 without a span.</summary>
    public double Rate => GapMicroseconds.Count == 0 || LastArrival == FirstArrival ? 0 : GapMicroseconds.Count / (LastArrival!.Value - FirstArrival!.Value).Seconds;

    /// <summary>Standard deviation over mean of the gaps; NaN with fewer than two.</summary>
    public double GapCv => GapMicroseconds.Count < 2 || _gapMean == 0 ? double.NaN : Math.Sqrt(_gapSquares / GapMicroseconds.Count) / _gapMean;

    /// <summary>Index of dispersion of counts per second, from the first arrival on.</summary>
    public double Idc1 => _one.Value;

    /// <summary>The same per 10 seconds.</summary>
    public double Idc10 => _ten.Value;

    /// <summary>The same per minute.</summary>
    public double Idc60 => _minute.Value;

    /// <summary>Adds a record; arrivals must not decrease.</summary>
    public void Add(TraceRecord record)
    {
        Requests++;
        Input.Add(record.InputTokens);
        Output.Add(record.OutputTokens);
        if (record.WaitFor is not null) Dependents++;
        if (record.Arrival is { } arrival) AddArrival(arrival);
        if (record.SessionId is { } session) AddDistinct(_sessions, Readers.IdHash.Of(session));
        if (record.HashIds is not { } ids) return;
        HashReferences += ids.Count;
        foreach (var id in ids) AddDistinct(_hashIds, id);
    }

    private void AddArrival(SimTime arrival)
    {
        FirstArrival ??= arrival;
        if (LastArrival is { } last)
        {
            var gap = (arrival - last).Nanoseconds;
            GapMicroseconds.Add(gap / 1000);

            // Welford's update: a sum of squares would lose the small gaps beside a long pause.
            var difference = gap - _gapMean;
            _gapMean += difference / GapMicroseconds.Count;
            _gapSquares += difference * (gap - _gapMean);
        }

        LastArrival = arrival;
        var sinceFirst = (arrival - FirstArrival.Value).Nanoseconds;
        _one.Add(sinceFirst);
        _ten.Add(sinceFirst);
        _minute.Add(sinceFirst);
    }

    private void AddDistinct(HashSet<ulong> seen, ulong id)
    {
        if (seen.Count < MaxDistinctHashIds) seen.Add(id);
        else if (!seen.Contains(id)) DistinctIsExact = false;
    }
}
