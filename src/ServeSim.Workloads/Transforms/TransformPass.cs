using System.Diagnostics.CodeAnalysis;
using ServeSim.Abstractions;
using ServeSim.Workloads.Readers;

namespace ServeSim.Workloads.Transforms;

/// <summary>One pass of a trace through window, sample, limit, scale and arrivals.</summary>
internal sealed class TransformPass(TraceOptions options, bool mayHaveDependencies, TraceCounts counts)
{
    /// <summary>Links to records removed longer ago are left to the traffic source, which reports them as unknown.</summary>
    private const int MaxRemembered = 1_000_000;

    private readonly ArrivalProcess? _arrivals = options.Arrivals.Kind == "trace" ? null : options.Arrivals.Start(options.Seed);
    private readonly bool _isIdentity = options.IsIdentity;
    private readonly double _factor = options.TimeScale / options.RateScale;
    private readonly HashSet<ulong> _removed = [];
    private readonly Queue<ulong> _removedOrder = new();
    private long _kept;

    /// <summary>The limit is reached; nothing more need be read.</summary>
    public bool IsFull => _kept >= (options.Limit ?? long.MaxValue);

    public bool TryApply(TraceRecord record, [NotNullWhen(true)] out TraceRecord? result)
    {
        result = record;
        if (_isIdentity) return true;
        if (Refusal(record) is { } reason)
        {
            counts.Drop(reason);
            Forget(record);
            result = null;
            return false;
        }

        if (_removed.Count > 0 && record.WaitFor is not null && !TryCutLinks(ref record))
        {
            result = null;
            return false;
        }

        _kept++;
        result = Moved(record);
        return true;
    }

    private string? Refusal(TraceRecord record)
    {
        if (record.Arrival is { } arrival)
        {
            if (arrival < options.WindowStart || arrival >= options.WindowEnd) return "window";
        }

        // The whole conversation shares one draw, so that its prefixes stay together.
        return options.Sample < 1 && RandomStream.Keyed(options.Seed, record.SessionId ?? record.RequestId) >= options.Sample ? "sample" : null;
    }

    private void Forget(TraceRecord record)
    {
        if (!mayHaveDependencies) return;
        var id = IdHash.Of(record.RequestId);
        if (!_removed.Add(id)) return;
        _removedOrder.Enqueue(id);
        if (_removed.Count > MaxRemembered) _removed.Remove(_removedOrder.Dequeue());
    }

    /// <summary>Drops links to removed records; one that is left without any start goes too.</summary>
    private bool TryCutLinks(ref TraceRecord record)
    {
        var links = record.WaitFor!.Where(id => !_removed.Contains(IdHash.Of(id))).ToList();
        if (links.Count == record.WaitFor!.Count) return true;
        if (links.Count == 0 && record.Arrival is null)
        {
            counts.Drop("all it waits for was removed");
            Forget(record);
            return false;
        }

        counts.Change("link to a removed record cut");
        record = links.Count > 0 ? record with { WaitFor = links } : record with { WaitFor = null, Delay = SimDuration.Zero };
        return true;
    }

    private TraceRecord Moved(TraceRecord record)
    {
        var time = record.Arrival;
        if (time is not null && options.WindowStart is { } start) time = new SimTime(time.Value.Nanoseconds - start.Nanoseconds);
        if (time is not null && _factor != 1) time = new SimTime(checked((long)Math.Round(time.Value.Nanoseconds * _factor, MidpointRounding.ToEven)));

        // A recorded time of a dependent request means nothing on a new time line: it starts after its parents.
        if (_arrivals is not null) time = record.WaitFor is null ? _arrivals.Next(time) : null;
        if (_removed.Count > 0 && record.ExplicitId is null) record = record with { ExplicitId = record.RequestId };    // its number is no longer its position
        return time == record.Arrival ? record : record with { Arrival = time };
    }
}
